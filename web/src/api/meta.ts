/** The description that pages are drawn from, fetched again when the language or the generation changes. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import type { Field, Meta, Section } from './types';
import { get } from './http';

export const MetaContext = createContext<Meta | null>(null);

export function useMetaQuery(userId: number, language: string) {
  return useQuery({
    queryKey: ['meta', userId, language],
    queryFn: ({ signal }) => get<Meta>('/ui/meta', { signal }),
    placeholderData: keepPreviousData,
    staleTime: 5 * 60_000,
    refetchOnWindowFocus: true,
  });
}

export function useMeta(): Meta {
  const meta = useContext(MetaContext);
  if (!meta) throw new Error('useMeta stands outside MetaContext');
  return meta;
}

export function useSection(name: string): Section | undefined {
  return useMeta().sections[name];
}

export function sectionField(section: Section, name: string): Field | undefined {
  return section.fields.find((field) => field.name === name);
}

/** The type whose manner of showing applies: a formula or rollup shows as what it yields. */
export function shownType(field: Field) {
  return (field.type === 'formula' || field.type === 'rollup') && field.value_type ? field.value_type : field.type;
}

/** The property under which a field's value travels. */
export function fieldProp(field: Field): string {
  if (field.type === 'lookup' || field.type === 'file') return `${field.name}${field.many ? '_ids' : '_id'}`;
  return field.name;
}

/** The field that a property or an error's target speaks of. */
export function fieldOfProp(section: Section, prop: string): Field | undefined {
  return section.fields.find((field) => field.name === prop || fieldProp(field) === prop);
}

export function isNumeric(field: Field): boolean {
  return ['integer', 'decimal', 'money', 'percent'].includes(shownType(field));
}

export function stageOf(section: Section, name: string | null | undefined) {
  for (const path of section.stages) {
    const stage = path.stages.find((item) => item.name === name);
    if (stage) return stage;
  }
  return undefined;
}

export function fieldCurrency(field: Field, row: Record<string, unknown>, fallback: string): string | null {
  if (shownType(field) !== 'money') return null;
  if (!field.currency) return fallback;
  const value = row[field.currency];
  return typeof value === 'string' && value ? value : null;
}

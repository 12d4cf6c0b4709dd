/** Addresses of the public surface: query options with `$` left readable, literals quoted. */
import { dateFormat } from '../fields/dates';
import type { Row, Section, Value } from './types';
import { fieldProp, sectionField } from './meta';

export function queryString(options: Record<string, string | number | boolean | null | undefined>): string {
  const parts = Object.entries(options)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`);
  return parts.length ? `?${parts.join('&')}` : '';
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Words as $search takes them: AND, OR and NOT that somebody types are words like others. */
export function searchText(typed: string): string {
  return typed.split(/("[^"]*")/).map((part, i) => (i % 2 ? part : part.replace(/(?<!\S)(AND|OR|NOT)(?!\S)/g, '"$1"'))).join('');
}

export interface RowsAnswer {
  value: Row[];
  '@odata.count'?: number;
  '@ostov.count-exceeded'?: boolean;
  '@odata.nextLink'?: string;
}

export const TITLES = 'ostov.titles';

/** The properties to ask for so that these columns can be shown. */
export function selectOf(section: Section, columns: string[]): string {
  const props = new Set(['id']);
  for (const name of columns) {
    const field = sectionField(section, name);
    if (!field) continue;
    props.add(fieldProp(field));
    if (field.currency && sectionField(section, field.currency)) props.add(field.currency);
  }
  return [...props].join(',');
}

export function rowTitle(row: Row): string {
  const title = row['@ostov.title'];
  // A title that is a date is read as one.
  if (typeof title === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(title)) return dateFormat(title, document.documentElement.lang);
  if (typeof title === 'string' && title.trim()) return title;
  return row.id === undefined || row.id === null ? '' : `№ ${String(row.id)}`;
}

export function rowId(row: Row): number {
  return Number(row.id);
}

export function etagOf(row: Row): string {
  return typeof row['@odata.etag'] === 'string' ? row['@odata.etag'] : '';
}

export function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  const empty = (value: Value): boolean => value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
  if (empty(a) && empty(b)) return true;
  return JSON.stringify(a) === JSON.stringify(b);
}

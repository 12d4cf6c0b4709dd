/** Filters of a list: each type of field in its own way, as words in the address and as a $filter for the server. */
import type { Field, FieldType, Section } from '../api/types';
import { fieldProp, sectionField, shownType } from '../api/meta';
import { literal } from '../api/odata';
import { addDays, fromWallClock, monthSpan, weekSpan, yearSpan } from '../fields/dates';

export interface Filter { field: string; op: string; values: string[] }

const TEXT: FieldType[] = ['text', 'email', 'phone', 'url', 'autonumber'];
const NUMBER: FieldType[] = ['integer', 'decimal', 'money', 'percent'];

export const DATE_SPANS = [
  'today', 'this_week', 'this_month', 'next_month', 'last_month', 'next_30', 'last_30', 'this_year', 'past', 'future',
] as const;

/** What may be asked of a field, the first being the usual one. */
export function filterOps(field: Field): string[] {
  const type = shownType(field);
  if (TEXT.includes(type)) return ['contains', 'eq', 'empty', 'filled'];
  if (NUMBER.includes(type)) return ['between', 'empty', 'filled'];
  if (type === 'boolean') return ['yes', 'no'];
  if (type === 'date' || type === 'datetime') return [...DATE_SPANS, 'between', 'empty', 'filled'];
  if (type === 'choice' || type === 'lookup') return ['in', 'empty', 'filled'];
  if (type === 'stage') return ['in'];
  return ['filled', 'empty'];
}

/** Whether the operation needs values before it means anything. */
export function filterNeedsValues(op: string): boolean {
  return ['contains', 'eq', 'in', 'between'].includes(op);
}

export function filterFields(section: Section): Field[] {
  const fields = section.fields.filter((field) => field.filterable !== false && field.name !== 'id' && !(field.type === 'file' && field.many));
  // Who wrote it and when is asked for more seldom than what stands in it.
  const late = (field: Field): boolean => field.builtin === true && field.type !== 'stage';
  return [...fields.filter((field) => !late(field)), ...fields.filter(late)];
}

export function filterEncode(filter: Filter): string {
  const values = filter.values.map((value) => value.replaceAll('%', '%25').replaceAll(',', '%2C')).join(',');
  return `${filter.field}.${filter.op}${filter.values.length ? `.${values}` : ''}`;
}

export function filterDecode(text: string): Filter | null {
  const match = /^([a-z][a-z0-9_]*)\.([a-z0-9_]+)(?:\.([\s\S]*))?$/.exec(text);
  if (!match) return null;
  const values = match[3] === undefined ? [] : match[3].split(',').map((value) => value.replaceAll('%2C', ',').replaceAll('%25', '%'));
  return { field: match[1] ?? '', op: match[2] ?? '', values };
}

export function dateSpan(op: string, day: string, values: string[]): [string | null, string | null] {
  switch (op) {
    case 'today': return [day, day];
    case 'this_week': return weekSpan(day);
    case 'this_month': return monthSpan(day);
    case 'next_month': return monthSpan(day, 1);
    case 'last_month': return monthSpan(day, -1);
    case 'next_30': return [day, addDays(day, 30)];
    case 'last_30': return [addDays(day, -30), day];
    case 'this_year': return yearSpan(day);
    case 'past': return [null, addDays(day, -1)];
    case 'future': return [addDays(day, 1), null];
    case 'between': return [values[0] || null, values[1] || null];
    default: return [null, null];
  }
}

function numberLiteral(text: string | undefined): string | null {
  return text && /^-?\d+(\.\d+)?$/.test(text) ? text : null;
}

function oneFilter(section: Section, filter: Filter, day: string, zone: string): string | null {
  const field = sectionField(section, filter.field);
  if (!field || !filterOps(field).includes(filter.op)) return null;
  const prop = fieldProp(field);
  const type = shownType(field);
  const { op, values } = filter;
  const many = field.type === 'lookup' && field.many;
  if (op === 'empty') return many ? `not ${field.name}/any()` : `${prop} eq null`;
  if (op === 'filled') return many ? `${field.name}/any()` : `${prop} ne null`;
  if (op === 'yes') return `${prop} eq true`;
  if (op === 'no') return `${prop} eq false`;
  if (op === 'contains') return values[0] ? `contains(${prop},${literal(values[0])})` : null;
  if (op === 'eq') return values[0] ? `${prop} eq ${literal(values[0])}` : null;
  if (op === 'in') {
    const list = type === 'lookup' ? values.filter((value) => /^\d+$/.test(value)) : values.map(literal);
    if (!list.length) return null;
    if (many) return list.length === 1 ? `${field.name}/any(x:x/id eq ${list[0]})` : `${field.name}/any(x:x/id in (${list.join(',')}))`;
    return list.length === 1 ? `${prop} eq ${list[0]}` : `${prop} in (${list.join(',')})`;
  }
  if (type === 'date' || type === 'datetime') {
    const [from, to] = dateSpan(op, day, values);
    const bounds: string[] = [];
    if (from && /^\d{4}-\d{2}-\d{2}$/.test(from)) {
      bounds.push(`${prop} ge ${type === 'date' ? from : fromWallClock(from, '00:00:00', zone)}`);
    }
    if (to && /^\d{4}-\d{2}-\d{2}$/.test(to)) {
      bounds.push(type === 'date' ? `${prop} le ${to}` : `${prop} lt ${fromWallClock(addDays(to, 1), '00:00:00', zone)}`);
    }
    return bounds.length ? bounds.join(' and ') : null;
  }
  if (op === 'between') {
    const from = numberLiteral(values[0]);
    const to = numberLiteral(values[1]);
    const bounds = [from && `${prop} ge ${from}`, to && `${prop} le ${to}`].filter(Boolean);
    return bounds.length ? bounds.join(' and ') : null;
  }
  return null;
}

/** The $filter of all chips together; empty when none says anything. */
export function filtersOData(section: Section, filters: Filter[], day: string, zone: string): string {
  return filters.map((filter) => oneFilter(section, filter, day, zone)).filter(Boolean).join(' and ');
}

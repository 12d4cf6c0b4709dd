/** A record's draft, apart from any page: what changed, what is sent, where the server's errors belong. */
import type { ErrorBody, Field, FieldError, FieldState, FormAnswer, Row, Section, Value } from '../api/types';
import { fieldOfProp, fieldProp } from '../api/meta';
import { sameValue } from '../api/odata';
import { decimalSame } from '../fields/decimal';

export interface DetailDraft {
  /** Lines that were there and changed: only what changed. */
  changed: Record<number, Row>;
  added: { key: string; row: Row }[];
  removed: number[];
  /** Properties that a person set himself, by the line's key (its id, of a line that was there). */
  touched?: Record<string, string[]>;
}

export const NO_DETAIL: DetailDraft = { changed: {}, added: [], removed: [] };

export interface Draft {
  values: Row;
  /** Properties that the person set himself; the rest were filled by rules. */
  touched: string[];
  details: Record<string, DetailDraft>;
}

export const NO_DRAFT: Draft = { values: {}, touched: [], details: {} };

const COMPUTED = ['autonumber', 'formula', 'rollup', 'stage'];

/** Whether a field of this kind is ever typed into. */
export function fieldInput(field: Field): boolean {
  return !field.builtin && !COMPUTED.includes(field.type);
}

export function fieldFlags(field: Field, states: Record<string, FieldState> | undefined): Required<FieldState> {
  const state = states?.[field.name];
  return {
    required: state?.required ?? field.required === true,
    readonly: state?.readonly ?? field.readonly === true,
    hidden: state?.hidden ?? field.hidden === true,
  };
}

export function valueSame(field: Field | undefined, a: Value, b: Value): boolean {
  if (sameValue(a, b)) return true;
  const numeric = field && ['integer', 'decimal', 'money', 'percent'].includes(field.type);
  return Boolean(numeric) && decimalSame(a, b);
}

/** The detail's lines as they are sent, with the key of each so that an error finds its line. */
export function detailDelta(detail: DetailDraft): { lines: Row[]; keys: string[] } {
  const lines: Row[] = [];
  const keys: string[] = [];
  for (const [id, row] of Object.entries(detail.changed)) {
    if (detail.removed.includes(Number(id)) || !Object.keys(plain(row)).length) continue;
    lines.push({ id: Number(id), ...plain(row) });
    keys.push(id);
  }
  for (const { key, row } of detail.added) {
    lines.push(plain(row));
    keys.push(key);
  }
  for (const id of detail.removed) {
    lines.push({ id, '@removed': { reason: 'deleted' } });
    keys.push(String(id));
  }
  return { lines, keys };
}

/** A row without annotations: what may be sent. */
export function plain(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([key]) => !key.includes('@')));
}

export function detailEmpty(detail: DetailDraft | undefined): boolean {
  return !detail || detailDelta(detail).lines.length === 0;
}

/** The body of POST, PATCH and of questions to /ui/form and /ui/lookup. */
export function draftBody(draft: Draft): Row {
  const body = plain(draft.values);
  for (const [name, detail] of Object.entries(draft.details)) {
    const { lines } = detailDelta(detail);
    if (lines.length) body[`${name}@delta`] = lines;
  }
  return body;
}

/** How many fields and details differ from what is kept. */
export function draftCount(section: Section, draft: Draft, base: Row): number {
  const fields = Object.entries(plain(draft.values)).filter(([prop, value]) => !valueSame(fieldOfProp(section, prop), value, base[prop]));
  return fields.length + Object.values(draft.details).filter((detail) => !detailEmpty(detail)).length;
}

/** Takes values that a person set; those equal to what is kept leave the draft again. */
export function draftSet(section: Section, draft: Draft, base: Row, change: Row, existing: boolean): Draft {
  const values = { ...draft.values, ...change };
  const touched = new Set(draft.touched);
  for (const prop of Object.keys(plain(change))) {
    touched.add(prop);
    if (existing && valueSame(fieldOfProp(section, prop), values[prop], base[prop])) {
      const field = fieldOfProp(section, prop);
      delete values[prop];
      touched.delete(prop);
      if (field) for (const key of Object.keys(values)) if (key.startsWith(`${field.name}@`)) delete values[key];
    }
  }
  return { ...draft, values, touched: [...touched] };
}

/**
 * Takes what rules filled: into the draft where the field may be written, else only to be shown.
 * What the person changed since the question was asked (`newer`) stays.
 */
export function draftFill(section: Section, draft: Draft, base: Row, answer: FormAnswer, newer: Set<string>, existing: boolean): { draft: Draft; shown: Row } {
  const values = { ...draft.values };
  const touched = new Set(draft.touched);
  const shown: Row = {};
  for (const [prop, value] of Object.entries(answer.values ?? {})) {
    const field = fieldOfProp(section, prop);
    if (!field || prop.includes('@') || newer.has(prop)) continue;
    const into = fieldInput(field) && field.writable !== false && !fieldFlags(field, answer.fields).readonly ? values : shown;
    into[prop] = value;
    touched.delete(prop);
    // Shown as rules have it now, whatever stood there while it could be typed.
    if (into === shown) delete values[prop];
    const title = answer.titles?.[field.name];
    if (title !== undefined) into[`${field.name}@ostov.${field.many ? 'titles' : 'title'}`] = title;
    if (existing && into === values && valueSame(field, value, base[prop])) delete values[prop];
  }
  for (const [name, title] of Object.entries(answer.titles ?? {})) {
    const field = section.fields.find((item) => item.name === name);
    if (!field || newer.has(fieldProp(field))) continue;
    const key = `${name}@ostov.${field.many ? 'titles' : 'title'}`;
    if (fieldProp(field) in values) values[key] = title;
    else if (!(key in shown)) shown[key] = title;
  }
  return { draft: { ...draft, values, touched: [...touched] }, shown };
}

export interface Faults {
  fields: Record<string, string>;
  /** detail → key of the line → field (or "" for the line) → message */
  lines: Record<string, Record<string, Record<string, string>>>;
  rest: string[];
}

export const NO_FAULTS: Faults = { fields: {}, lines: {}, rest: [] };

export function faultsCount(faults: Faults): number {
  return Object.keys(faults.fields).length + Object.keys(faults.lines).length + faults.rest.length;
}

/** Sorts the server's errors to their fields, lines of details, or the page. */
export function faultsOf(section: Section, draft: Draft, errors: FieldError[]): Faults {
  const faults: Faults = { fields: {}, lines: {}, rest: [] };
  for (const { target, message } of errors) {
    const [head = '', at, prop] = (target ?? '').replace('@delta', '').split('/');
    const detail = section.details.find((item) => item.name === head);
    const field = detail ? undefined : fieldOfProp(section, head);
    if (detail && at !== undefined) {
      const key = detailDelta(draft.details[detail.name] ?? NO_DETAIL).keys[Number(at)] ?? at;
      const lines = (faults.lines[detail.name] ??= {});
      (lines[key] ??= {})[(prop ?? '').replace(/_ids?$/, '')] = message;
    } else if (field) {
      faults.fields[field.name] ??= message;
    } else if (detail) {
      (faults.lines[detail.name] ??= {})[''] = { '': message };
    } else faults.rest.push(message);
  }
  return faults;
}

export function errorsOf(body: ErrorBody): FieldError[] {
  if (body.details?.length) return body.details.map((item) => ({ message: item.message, ...(item.target ? { target: item.target } : {}) }));
  return [{ message: body.message, ...(body.target ? { target: body.target } : {}) }];
}

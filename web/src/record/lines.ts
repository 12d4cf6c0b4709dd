/** Lines of owned details as they are typed: what differs, what is asked about them, what rules answer; apart from any page. */
import { fieldOfProp, fieldProp } from '../api/meta';
import type { Field, FieldError, FieldState, LineAnswer, Row, Section } from '../api/types';
import type { DetailDraft } from './draft';
import { draftFill, draftSet, fieldFlags, NO_DETAIL, NO_DRAFT, plain } from './draft';

/** What rules say of one line; `shown` are values that nobody types here. */
export interface LineState { may: boolean; fields: Record<string, FieldState>; errors: FieldError[]; shown: Row }

/** detail → key of the line → state */
export type LineStates = Record<string, Record<string, LineState>>;

/** As many lines as the server looks at. */
const MOST_ASKED = 1000;

/** Rules or formulas speak of these lines even while nobody types in them: the record may be what they look at. */
export function linesRuled(target: Section): boolean {
  return target.fields.some((field) => !field.builtin && (field.required === 'rule' || field.readonly === 'rule' || field.hidden === 'rule' || field.type === 'formula'));
}

function lineId(detail: DetailDraft, key: string): number | null {
  return detail.added.some((item) => item.key === key) ? null : Number(key);
}

/** What is typed in the line, over what is kept. */
function lineRow(detail: DetailDraft, key: string): Row | undefined {
  const id = lineId(detail, key);
  return id === null ? detail.added.find((item) => item.key === key)?.row : detail.changed[id] ?? {};
}

function linePut(detail: DetailDraft, key: string, row: Row, touched: string[]): DetailDraft {
  const id = lineId(detail, key);
  const marks = { ...detail.touched, [key]: touched };
  if (id === null) return { ...detail, touched: marks, added: detail.added.map((item) => (item.key === key ? { ...item, row } : item)) };
  const changed = { ...detail.changed, [id]: row };
  if (!Object.keys(plain(row)).length) delete changed[id];
  return { ...detail, touched: marks, changed };
}

/** Takes what a person set in a line; what is again as it is kept leaves the draft. */
export function lineSet(target: Section, detail: DetailDraft, kept: Row | undefined, key: string, change: Row): DetailDraft {
  const id = lineId(detail, key);
  const before = { ...NO_DRAFT, values: lineRow(detail, key) ?? {}, touched: detail.touched?.[key] ?? [] };
  const after = draftSet(target, before, kept ?? {}, change, id !== null);
  return linePut(detail, key, after.values, after.touched);
}

/** The lines of a detail as /ui/form is asked: each with its key and the fields edited last. */
export function linesQuestion(detail: DetailDraft, kept: Row[], all: boolean, edited: (key: string) => string[]): Row[] {
  const names = (key: string): Row => {
    const list = edited(key);
    return { '@ostov.key': key, ...(list.length ? { '@ostov.changed': list } : {}) };
  };
  const gone = new Set(detail.removed);
  const ids = new Set([...kept.map((row) => Number(row.id)), ...Object.keys(detail.changed).map(Number)].filter((id) => !gone.has(id)));
  const typed = [...ids].filter((id) => detail.changed[id]).map((id): Row => ({ id, ...plain(detail.changed[id] ?? {}), ...names(String(id)) }));
  const rest = [
    ...detail.added.map(({ key, row }): Row => ({ ...plain(row), ...names(key) })),
    ...detail.removed.map((id): Row => ({ id, '@removed': { reason: 'deleted' } })),
  ];
  const still = all ? [...ids].filter((id) => !detail.changed[id]).slice(0, Math.max(0, MOST_ASKED - typed.length - rest.length)) : [];
  return [...typed, ...still.map((id): Row => ({ id, ...names(String(id)) })), ...rest];
}

/** Takes what rules answer of the lines of one detail; what was typed since the question (`newer`) stays, lines that are gone are passed over. */
export function linesFill(target: Section, detail: DetailDraft, kept: Row[], answers: LineAnswer[], newer: (key: string) => Set<string>): { detail: DetailDraft; states: Record<string, LineState> } {
  const rows = new Map(kept.map((row) => [String(row.id), row]));
  const states: Record<string, LineState> = {};
  let next = detail;
  for (const answer of answers) {
    const id = lineId(next, answer.key);
    const row = lineRow(next, answer.key);
    if (!row || (id !== null && (next.removed.includes(id) || (!rows.has(answer.key) && !next.changed[id])))) continue;
    const before = { ...NO_DRAFT, values: row, touched: next.touched?.[answer.key] ?? [] };
    const fixed = { ...answer, fields: answer.may ? answer.fields : Object.fromEntries(target.fields.map((field) => [field.name, { ...answer.fields[field.name], readonly: true }])) };
    const filled = draftFill(target, before, rows.get(answer.key) ?? {}, fixed, newer(answer.key), id !== null);
    if (answer.may) next = linePut(next, answer.key, filled.draft.values, filled.draft.touched);
    states[answer.key] = { may: answer.may, fields: answer.fields, errors: answer.errors ?? [], shown: filled.shown };
  }
  return { detail: next, states };
}

/** The lines to be saved: values that rules filled and that may not be written now are the server's to fill. */
export function linesWritable(target: Section, detail: DetailDraft, states: Record<string, LineState> | undefined): DetailDraft {
  const only = (key: string, row: Row): Row => Object.fromEntries(Object.entries(row).filter(([prop]) => {
    const field = fieldOfProp(target, prop);
    return !field || (detail.touched?.[key] ?? []).includes(prop) || !fieldFlags(field, states?.[key]?.fields).readonly;
  }));
  return {
    ...detail,
    changed: Object.fromEntries(Object.entries(detail.changed).map(([id, row]) => [id, only(id, row)])),
    added: detail.added.map(({ key, row }) => ({ key, row: only(key, row) })),
  };
}

/** Fields of new and changed lines that must be filled and are not: key → field → message. */
export function linesMissing(fields: Field[], detail: DetailDraft | undefined, kept: Row[], states: Record<string, LineState> | undefined, message: string): Record<string, Record<string, string>> {
  const found: Record<string, Record<string, string>> = {};
  const { changed, added, removed } = detail ?? NO_DETAIL;
  const rows = new Map(kept.map((row) => [String(row.id), row]));
  const lines = [...Object.entries(changed).filter(([id]) => !removed.includes(Number(id))).map(([id, row]) => ({ key: id, row: { ...rows.get(id), ...row } })), ...added];
  for (const { key, row } of lines) {
    const state = states?.[key];
    for (const field of fields) {
      const flags = fieldFlags(field, state?.fields);
      const value = state?.shown[fieldProp(field)] ?? row[fieldProp(field)];
      if (!flags.required || flags.hidden || flags.readonly || field.writable === false || field.type === 'boolean') continue;
      // A line that is there may not have been read whole.
      if (value === undefined && rows.has(key)) continue;
      if (value === null || value === undefined || value === '' || (Array.isArray(value) && !value.length)) (found[key] ??= {})[field.name] = message;
    }
  }
  return found;
}

/** What the last answer finds wrong in lines: in fields that a person touched, or everywhere once saving was tried. */
export function linesFaults(target: Section, detail: DetailDraft | undefined, states: Record<string, LineState> | undefined, all: boolean): Record<string, Record<string, string>> {
  const found: Record<string, Record<string, string>> = {};
  for (const [key, state] of Object.entries(states ?? {})) {
    const touched = detail?.touched?.[key] ?? [];
    for (const { target: prop, message } of state.errors) {
      const field = prop ? fieldOfProp(target, prop) : undefined;
      const seen = all || (field ? touched.includes(fieldProp(field)) : touched.length > 0);
      if (seen) (found[key] ??= {})[field?.name ?? ''] ??= message;
    }
  }
  return found;
}

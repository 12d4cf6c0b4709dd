/** A column of a list: a field of the section, or a path through lookups ("customer.city"). */
import { fieldProp, sectionField } from '../api/meta';
import type { Field, Meta, Row, Section } from '../api/types';

export interface Column {
  name: string;
  label: string;
  field: Field;
  /** The section whose field it is. */
  section: Section;
  steps: string[];
}

export function columnOf(meta: Meta, section: Section, name: string): Column | undefined {
  const names = name.split('.');
  const last = names.pop() ?? '';
  let at: Section | undefined = section;
  const labels: string[] = [];
  for (const step of names) {
    const field: Field | undefined = at && sectionField(at, step);
    if (field?.type !== 'lookup' || field.many || !field.to) return undefined;
    labels.push(field.label);
    at = meta.sections[field.to];
  }
  const field = at && sectionField(at, last);
  if (!at || !field) return undefined;
  return { name, field, section: at, steps: names, label: labels.length ? `${labels.join(', ')}: ${field.label}` : field.label };
}

/** The record that holds the column's value: the row itself or one that it points to. */
export function columnRow(column: Column, row: Row): Row {
  let at: Row = row;
  for (const step of column.steps) {
    const next = at[step];
    if (next === null || typeof next !== 'object' || Array.isArray(next)) return {};
    at = next;
  }
  return at;
}

interface Wanted { props: Set<string>; deeper: Map<string, Wanted> }

function expandText(wanted: Wanted): string {
  return [...wanted.deeper].map(([step, inner]) => {
    const deeper = expandText(inner);
    return `${step}($select=${[...inner.props].join(',')}${deeper ? `;$expand=${deeper}` : ''})`;
  }).join(',');
}

/** What to ask for so that the columns can be shown. */
export function columnsQuery(columns: Column[]): { $select: string; $expand: string | null } {
  const top: Wanted = { props: new Set(['id']), deeper: new Map() };
  for (const column of columns) {
    let at = top;
    for (const step of column.steps) {
      at.props.add(step === column.steps[0] && at === top ? `${step}_id` : 'id');
      const next = at.deeper.get(step) ?? { props: new Set(['id']), deeper: new Map() };
      at.deeper.set(step, next);
      at = next;
    }
    at.props.add(fieldProp(column.field));
    if (column.field.currency && sectionField(column.section, column.field.currency)) at.props.add(column.field.currency);
  }
  return { $select: [...top.props].join(','), $expand: expandText(top) || null };
}

import { useQueries, useQuery } from '@tanstack/react-query';
import { get } from '../api/http';
import { sectionField } from '../api/meta';
import type { RowsAnswer } from '../api/odata';
import { queryString, selectOf, TITLES } from '../api/odata';
import type { Detail, Field, LayoutItem, Row, Section } from '../api/types';
import { fieldInput } from './draft';

export const MOST_LINES = 500;

/** Columns of a detail without the lookup back to its parent. */
export function detailColumns(detail: Detail, target: Section): string[] {
  const declared = detail.columns.filter((name) => sectionField(target, name));
  const columns = declared.length ? declared : target.fields.filter((field) => !field.builtin && !field.long).slice(0, 5).map((field) => field.name);
  return columns.filter((name) => name !== detail.by);
}

/** As many columns as stand side by side; what a line has beyond them is on its card. */
const MOST_COLUMNS = 9;

/** Columns of lines that are typed here: what must be filled stands among them as far as there is room. */
export function lineColumns(detail: Detail, target: Section): string[] {
  const columns = detailColumns(detail, target);
  const must = lineFields(detail, target).filter((field) => field.required === true && fieldInput(field) && field.writable !== false && field.readonly !== true && field.type !== 'boolean' && !columns.includes(field.name));
  return [...columns, ...must.slice(0, Math.max(0, MOST_COLUMNS - columns.length)).map((field) => field.name)];
}

/** All fields that a line has of its own, in the order of its form. */
export function lineFields(detail: Detail, target: Section): Field[] {
  const laid = (items: LayoutItem[]): string[] => items.flatMap((item) => ('items' in item ? laid(item.items) : item.kind === 'field' ? [item.name] : []));
  const own = target.fields.filter((field) => !field.builtin && field.name !== detail.by && field.hidden !== true);
  const order = laid(target.layout);
  const place = (field: Field): number => (order.includes(field.name) ? order.indexOf(field.name) : order.length);
  return own.map((field, at) => ({ field, at })).sort((a, b) => place(a.field) - place(b.field) || a.at - b.at).map(({ field }) => field);
}

/** Lines with everything they have, of those whose cards were opened. */
export function useLines(detail: Detail, target: Section, ids: number[]) {
  const options = { $select: selectOf(target, lineFields(detail, target).map((field) => field.name)) };
  return useQueries({
    queries: ids.map((id) => ({
      queryKey: ['detail', target.name, 'line', id, options.$select],
      queryFn: ({ signal }: { signal: AbortSignal }) => get<Row>(`/api/${target.name}(${id})${queryString(options)}`, { signal, headers: { Prefer: TITLES } }),
    })),
  });
}

export function useDetail(detail: Detail, target: Section, columns: string[], recordId: number | null) {
  const options = { $filter: `${detail.by}_id eq ${recordId}`, $select: selectOf(target, columns), $orderby: 'id', $top: MOST_LINES, $count: 'true' };
  return useQuery({
    queryKey: ['detail', target.name, detail.by, recordId, options.$select],
    queryFn: ({ signal }) => get<RowsAnswer>(`/api/${target.name}${queryString(options)}`, { signal, headers: { Prefer: `${TITLES}, ostov.count-bound=10000` } }),
    enabled: recordId !== null,
  });
}

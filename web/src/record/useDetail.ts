import { useQuery } from '@tanstack/react-query';
import { get } from '../api/http';
import { sectionField } from '../api/meta';
import type { RowsAnswer } from '../api/odata';
import { queryString, selectOf, TITLES } from '../api/odata';
import type { Detail, Section } from '../api/types';

export const MOST_LINES = 500;

/** Columns of a detail without the lookup back to its parent. */
export function detailColumns(detail: Detail, target: Section): string[] {
  const declared = detail.columns.filter((name) => sectionField(target, name));
  const columns = declared.length ? declared : target.fields.filter((field) => !field.builtin && !field.long).slice(0, 5).map((field) => field.name);
  return columns.filter((name) => name !== detail.by);
}

export function useDetail(detail: Detail, target: Section, columns: string[], recordId: number | null) {
  const options = { $filter: `${detail.by}_id eq ${recordId}`, $select: selectOf(target, columns), $orderby: 'id', $top: MOST_LINES, $count: 'true' };
  return useQuery({
    queryKey: ['detail', target.name, detail.by, recordId, options.$select],
    queryFn: ({ signal }) => get<RowsAnswer>(`/api/${target.name}${queryString(options)}`, { signal, headers: { Prefer: `${TITLES}, ostov.count-bound=10000` } }),
    enabled: recordId !== null,
  });
}

/** Rows of a list, page by page as they come into sight. */
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { get } from '../api/http';
import type { RowsAnswer } from '../api/odata';
import { queryString, TITLES } from '../api/odata';
import type { Row } from '../api/types';

export const PAGE = 100;
const BOUND = 10_000;
const AHEAD = 20;

export interface Line { key: number | string; index: number; row: Row | null }
export type ListQuery = Record<string, string | null>;

export function fetchRows(section: string, query: ListQuery, skip: number, top: number, count: boolean, signal?: AbortSignal): Promise<RowsAnswer> {
  const options = { ...query, $top: top, $skip: skip || null, $count: count ? 'true' : null };
  return get<RowsAnswer>(`/api/${section}${queryString(options)}`, {
    signal, headers: { Prefer: count ? `${TITLES}, ostov.count-bound=${BOUND}` : TITLES },
  });
}

export function useRows(section: string, query: ListQuery) {
  const asked = JSON.stringify(query);
  const [wanted, setWanted] = useState<{ asked: string; pages: number[] }>({ asked, pages: [] });
  const first = useQuery({
    queryKey: ['rows', section, asked, 0],
    queryFn: ({ signal }) => fetchRows(section, query, 0, PAGE, true, signal),
    placeholderData: keepPreviousData,
  });
  const pages = wanted.asked === asked ? wanted.pages : [];
  const others = useQueries({
    queries: pages.map((page) => ({
      queryKey: ['rows', section, asked, page],
      queryFn: ({ signal }: { signal: AbortSignal }) => fetchRows(section, query, page * PAGE, PAGE, false, signal),
    })),
  });

  const want = useCallback((index: number) => {
    const page = Math.floor(index / PAGE);
    if (page === 0) return;
    setWanted((before) => {
      const kept = before.asked === asked ? before.pages : [];
      return kept.includes(page) && before.asked === asked ? before : { asked, pages: [...kept, page] };
    });
  }, [asked]);

  useEffect(() => {
    setWanted((before) => (before.asked === asked ? before : { asked, pages: [] }));
  }, [asked]);

  const exceeded = Boolean(first.data?.['@ostov.count-exceeded']);
  const loaded = pages.map((page, place) => `${page}:${others[place]?.dataUpdatedAt ?? 0}`).join();
  const byId = useMemo(() => new Map([first, ...others].flatMap((page) => (page.data?.value ?? []).map((row): [number, Row] => [Number(row.id), row]))), [first.data, loaded]);
  const lines = useMemo((): Line[] => {
    const start = first.data?.value ?? [];
    const count = first.data?.['@odata.count'] ?? start.length;
    const known = new Map<number, Row>();
    start.forEach((row, place) => known.set(place, row));
    let end = Math.max(count, start.length);
    let most = Infinity;
    pages.forEach((page, place) => {
      const rows = others[place]?.data?.value;
      if (!rows) return;
      rows.forEach((row, at) => known.set(page * PAGE + at, row));
      // Beyond the bound of the count the end is found by going there, some pages at a time.
      if (rows.length < PAGE) most = Math.min(most, page * PAGE + rows.length);
      else if (exceeded && (page + 1) * PAGE >= count) end = Math.max(end, (page + 1 + AHEAD) * PAGE);
    });
    if (start.length < PAGE) most = start.length;
    end = Math.min(end, most);
    const seen = new Set<number>();
    return Array.from({ length: end }, (_, index): Line => {
      const row = known.get(index) ?? null;
      const id = row ? Number(row.id) : 0;
      // A row that moved between two pages may come twice: its key must not.
      const key = row && !seen.has(id) ? id : `p${index}`;
      if (row) seen.add(id);
      return { key, index, row };
    });
  }, [first.data, loaded, exceeded]);

  return { first, lines, known: byId, want, exceeded, count: first.data?.['@odata.count'] ?? 0, failedPage: others.find((other) => other.isError) };
}

/** A list that hears what others change: rows in sight change in their places; what would move them waits until nobody points at the list. */
import { useQueryClient } from '@tanstack/react-query';
import type { RefObject } from 'react';
import { useEffect, useMemo, useState } from 'react';
import { get } from '../api/http';
import type { RowsAnswer } from '../api/odata';
import { queryString, TITLES } from '../api/odata';
import type { Row } from '../api/types';
import { useCalm, useFresh, useLive } from '../live/useLive';
import type { ListQuery, useRows } from './useRows';
import { fetchRows, PAGE } from './useRows';

const MOST = 300;
const PAUSE = 3_000;

interface Props { section: string; query: ListQuery; rows: ReturnType<typeof useRows>; busy: boolean; box: RefObject<HTMLElement | null> }

export interface LiveRows { fresh: ReadonlySet<number>; gone: ReadonlySet<number>; waiting: boolean; show: () => void }

/** How a row that was changed or is gone is marked. */
export const liveClass = (live: LiveRows, id: number): string => (live.gone.has(id) ? 'row-gone' : live.fresh.has(id) ? 'row-fresh' : '');

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const idsOf = (answer: RowsAnswer | undefined): string => (answer?.value ?? []).map((row) => String(row.id)).join();

export function useLiveRows({ section, query, rows, busy, box }: Props): LiveRows {
  const client = useQueryClient();
  const asked = JSON.stringify(query);
  const [fresh, freshen] = useFresh<number>();
  const [gone, setGone] = useState<ReadonlySet<number>>(() => new Set());
  const [waiting, setWaiting] = useState(false);
  const ids = useMemo(() => rows.lines.flatMap((line) => (line.row ? [Number(line.row.id)] : [])).slice(-MOST), [rows.lines]);
  const key = ['rows', section, asked];

  useEffect(() => {
    setGone(new Set());
    setWaiting(false);
  }, [section, asked, idsOf(rows.first.data)]);

  const show = (): void => void client.invalidateQueries({ queryKey: key });

  /** Nobody points at a row, has chosen some, or has scrolled away from the top. */
  const still = (): boolean => {
    const scrolled = box.current?.querySelector('.ant-table-tbody-virtual-holder')?.scrollTop ?? window.scrollY;
    return !busy && scrolled < 4 && !box.current?.matches(':hover');
  };

  /** Looks whether the list would begin otherwise, or count otherwise, than it is shown. */
  const look = useCalm(() => {
    void (async () => {
      const before = client.getQueryData<RowsAnswer>([...key, 0]);
      const next = await fetchRows(section, query, 0, PAGE, true).catch(() => null);
      if (!next || !before || client.getQueryData<RowsAnswer>([...key, 0]) !== before) return;
      const moved = idsOf(before) !== idsOf(next);
      if (!moved && before['@odata.count'] === next['@odata.count']) return;
      if (!still()) {
        setWaiting(true);
        return;
      }
      const known = new Set(before.value.map((row) => Number(row.id)));
      client.setQueryData([...key, 0], next);
      void client.invalidateQueries({ queryKey: key, predicate: (one) => one.queryKey[3] !== 0 });
      if (moved) freshen(next.value.map((row) => Number(row.id)).filter((id) => !known.has(id)));
    })();
  }, PAUSE);

  const read = async (changed: number[]): Promise<void> => {
    const options = { $select: query.$select, $expand: query.$expand, $filter: `id in (${changed.join()})`, $top: changed.length };
    const answer = await get<RowsAnswer>(`/api/${section}${queryString(options)}`, { headers: { Prefer: TITLES } }).catch(() => null);
    const next = new Map((answer?.value ?? []).map((row): [number, Row] => [Number(row.id), row]));
    const differ = new Set<number>();
    client.setQueriesData<RowsAnswer>({ queryKey: key }, (before) => before && {
      ...before,
      value: before.value.map((row) => {
        const now = next.get(Number(row.id));
        if (!now || same(now, row)) return row;
        differ.add(Number(row.id));
        return now;
      }),
    });
    freshen([...differ]);
    // It may belong elsewhere in the order now, or nowhere in this list.
    if (differ.size) look();
  };

  useLive(rows.first.data ? section : null, ids, (event) => {
    if (event === null) {
      void read(ids.slice(-PAGE)).then(look);
      return;
    }
    if (event.changed.length) {
      setGone((before) => (event.changed.some((id) => before.has(id)) ? new Set([...before].filter((id) => !event.changed.includes(id))) : before));
      void read(event.changed);
    }
    if (event.gone.length) setGone((before) => new Set([...before, ...event.gone]));
    if (event.gone.length || event.more) look();
  });

  return { fresh, gone, waiting, show };
}

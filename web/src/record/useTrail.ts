import { useQuery } from '@tanstack/react-query';
import type { Row, Section } from '../api/types';
import { useLocation } from 'wouter';
import { recordPath } from '../app/paths';
import { trailGet, trailSet } from '../list/trail';
import { fetchRows } from '../list/useRows';

/** The neighbours of a record in the list it was opened from. */
export function useTrail(section: Section, id: number | null) {
  const [, navigate] = useLocation();
  const trail = trailGet(section.name);
  const known = id !== null && trail !== null && trail.id === id;
  const start = known ? Math.max(0, trail.index - 1) : 0;
  const query = useQuery({
    queryKey: ['trail', section.name, known ? JSON.stringify(trail.query) : '', start, id],
    queryFn: ({ signal }) => fetchRows(section.name, { ...trail?.query, $select: 'id', $expand: null }, start, 3, false, signal),
    enabled: known,
    staleTime: 30_000,
  });
  const rows: Row[] = query.data?.value ?? [];
  const place = rows.findIndex((row) => Number(row.id) === id);
  // Saving may have moved the record within its list or out of it; its old place still has neighbours.
  const at = place >= 0 ? place : known ? trail.index - start : 0;
  const previous = at > 0 ? rows[at - 1] : undefined;
  const next = rows[place >= 0 ? at + 1 : at];
  const go = (step: -1 | 1): void => {
    const row = step < 0 ? previous : next;
    if (!row || !trail) return;
    const index = place >= 0 || step < 0 ? start + at + step : start + at;
    const before = trail;
    trailSet({ ...trail, index, id: Number(row.id) });
    const address = recordPath(section.name, Number(row.id));
    navigate(address, { replace: true });
    if (window.location.pathname !== address) trailSet(before);
  };
  return { known, index: trail?.index ?? 0, total: trail?.total ?? 0, exceeded: trail?.exceeded ?? false, previous, next, go };
}

/** Undoing a change of several records: the old values go back by ordinary writes, each over the version that the change made, so that nobody's later work is lost. */
import { get, send } from '../api/http';
import type { RowsAnswer } from '../api/odata';
import { etagOf, queryString, rowTitle, sameValue, TITLES } from '../api/odata';
import type { Row } from '../api/types';

const AT_ONCE = 100;
const SIDE_BY_SIDE = 4;

/** These properties of these records as they are now, by id. */
export async function rowsNow(section: string, ids: number[], props: string[]): Promise<Map<number, Row>> {
  const rows = new Map<number, Row>();
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const part = ids.slice(at, at + AT_ONCE);
    const answer = await get<RowsAnswer>(`/api/${section}${queryString({ $filter: `id in (${part.join(',')})`, $select: ['id', ...props].join(','), $top: AT_ONCE })}`, { headers: { Prefer: TITLES } });
    for (const row of answer.value) rows.set(Number(row.id), row);
  }
  return rows;
}

export interface PutBack { done: number; failed: string[] }

/** What would have to be written to be where it was: records that the change made different, with the version that it left. */
export function undoPlan(before: Map<number, Row>, after: Map<number, Row>, values: Row): { id: number; etag: string; title: string; values: Row }[] {
  const plan = [];
  for (const [id, now] of after) {
    const old = before.get(id);
    if (!old) continue;
    const back = Object.fromEntries(Object.keys(values).filter((prop) => prop in old && !sameValue(old[prop], now[prop])).map((prop) => [prop, old[prop]]));
    if (Object.keys(back).length) plan.push({ id, etag: etagOf(now), title: rowTitle(now), values: back });
  }
  return plan;
}

/** Writes the old values; a record that somebody changed since stays as it is and is named. */
export async function putBack(section: string, plan: ReturnType<typeof undoPlan>): Promise<PutBack> {
  const result: PutBack = { done: 0, failed: [] };
  const rest = [...plan];
  const one = async (): Promise<void> => {
    for (let next = rest.shift(); next; next = rest.shift()) {
      try {
        await send('PATCH', `/api/${section}(${next.id})`, next.values, { 'If-Match': next.etag });
        result.done += 1;
      } catch {
        result.failed.push(next.title);
      }
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, one));
  return result;
}

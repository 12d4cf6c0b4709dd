import { describe, expect, it } from 'vitest';
import { undoPlan } from './undo';

const rows = (list: [number, string, unknown][]) => new Map(list.map(([id, etag, city]) => [id, { id, '@odata.etag': etag, '@ostov.title': `№ ${id}`, city } as never]));

describe('undoing a change of several records', () => {
  it('puts back only what the change made different, over the version it left', () => {
    const before = rows([[1, 'a', 'Казань'], [2, 'b', 'Тверь'], [3, 'c', null]]);
    const after = rows([[1, 'd', 'Тверь'], [2, 'e', 'Тверь'], [3, 'f', 'Тверь'], [4, 'g', 'Тверь']]);
    expect(undoPlan(before, after, { city: 'Тверь' })).toEqual([
      { id: 1, etag: 'd', title: '№ 1', values: { city: 'Казань' } },
      { id: 3, etag: 'f', title: '№ 3', values: { city: null } },
    ]);
  });
});

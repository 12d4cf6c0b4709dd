import { describe, expect, it } from 'vitest';
import { eventFor, shownAddress, shownJoin } from './watching';

describe('what pages show', () => {
  it('is joined, each record once, within the bounds of the server', () => {
    expect(shownJoin([{ order: [1, 2] }, { order: [2, 3], visit: [] }])).toEqual({ order: [1, 2, 3], visit: [] });
    const many = Array.from({ length: 700 }, (_, place) => place + 1);
    const joined = shownJoin([{ order: [1] }, { visit: many }, { account: [5] }]);
    expect(joined.order).toEqual([1]);
    expect(joined.visit).toHaveLength(499);
    expect(joined.account).toEqual([]);
    expect(Object.keys(shownJoin([Object.fromEntries(Array.from({ length: 20 }, (_, place) => [`s${place}`, [1]]))]))).toHaveLength(16);
  });
  it('is one address whatever the order', () => {
    expect(shownAddress({ b: [3, 1], a: [] })).toBe('/ui/events?a=&b=1,3');
    expect(shownAddress({})).toBeNull();
  });
  it('hears of its own records, and of others that there are some', () => {
    const event = { section: 'order', changed: [1, 2], gone: [3], more: false };
    expect(eventFor(event, [1, 3])).toEqual({ section: 'order', changed: [1], gone: [3], more: true });
    expect(eventFor({ ...event, changed: [1] }, [1])).toEqual({ section: 'order', changed: [1], gone: [], more: false });
    expect(eventFor({ section: 'order', changed: [], gone: [9], more: false }, [1])).toBeNull();
  });
});

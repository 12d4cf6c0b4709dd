import { describe, expect, it } from 'vitest';
import { lineColumns } from './useDetail';
import type { Field, LineAnswer, Section } from '../api/types';
import { NO_DETAIL } from './draft';
import { linesFaults, linesFill, linesMissing, linesQuestion, linesRuled, lineSet, linesWritable } from './lines';

const fields = [
  { name: 'product', label: '', type: 'lookup', to: 'product', writable: true, required: true }, { name: 'price', label: '', type: 'money', writable: true, readonly: 'rule' },
  { name: 'reason', label: '', type: 'text', writable: true, required: 'rule', hidden: 'rule' }, { name: 'total', label: '', type: 'formula', value_type: 'money' },
] as Field[];
const target = { name: 'line', fields, details: [] } as unknown as Section;
const kept = [{ id: 5, product_id: 1, 'product@ostov.title': 'A', price: 10, reason: null, total: 10 }, { id: 6, product_id: 2, price: 20, reason: null, total: 20 }];
const none = (): Set<string> => new Set();
const answer = (key: string, more: Partial<LineAnswer> = {}): LineAnswer => ({ key, may: true, values: {}, fields: {}, ...more });
const fresh = { ...NO_DETAIL, added: [{ key: 'new1', row: {} }] };

describe('lines of a draft', () => {
  it('take what is typed; what is again as it is kept is no change', () => {
    let detail = lineSet(target, NO_DETAIL, kept[0], '5', { price: '12' });
    expect([detail.changed, detail.touched]).toEqual([{ 5: { price: '12' } }, { 5: ['price'] }]);
    detail = lineSet(target, detail, kept[0], '5', { price: '10.00' });
    expect([detail.changed, detail.touched]).toEqual([{}, { 5: [] }]);
    detail = lineSet(target, detail, kept[0], '5', { product_id: 2, 'product@ostov.title': 'B' });
    expect(lineSet(target, detail, kept[0], '5', { product_id: 1, 'product@ostov.title': 'A' }).changed).toEqual({});
    detail = lineSet(target, fresh, undefined, 'new1', { price: null });
    expect(detail.added).toEqual([{ key: 'new1', row: { price: null } }]);
  });
  it('are asked by their keys, those that nobody typed in only where rules speak of them', () => {
    const detail = { changed: { 5: { price: '12', 'x@ostov.title': 'y' } }, added: [{ key: 'new1', row: { product_id: 3 } }], removed: [6] };
    const edited = (key: string): string[] => (key === 'new1' ? ['product'] : []);
    expect(linesQuestion(detail, kept, false, edited)).toEqual([
      { id: 5, price: '12', '@ostov.key': '5' }, { product_id: 3, '@ostov.key': 'new1', '@ostov.changed': ['product'] }, { id: 6, '@removed': { reason: 'deleted' } }]);
    expect(linesQuestion(NO_DETAIL, kept, true, edited)).toEqual([{ id: 5, '@ostov.key': '5' }, { id: 6, '@ostov.key': '6' }]);
    expect(linesQuestion(NO_DETAIL, kept, false, edited)).toEqual([]);
    const many = Array.from({ length: 1500 }, (_, at) => ({ id: at + 1 }));
    expect(linesQuestion(fresh, many, true, edited).length).toBe(1000);
    expect([linesRuled(target), linesRuled({ ...target, fields: fields.slice(0, 1) })]).toEqual([true, false]);
  });
  it('take what rules fill, line by line, but not over what was typed since', () => {
    const typed = lineSet(target, fresh, undefined, 'new1', { product_id: 3 });
    const answers = [answer('new1', { values: { price: 30, total: 30, reason: 'r' } }), answer('5', { values: { price: 11, total: 11 } }), answer('9', { values: { price: 1 } })];
    const { detail, states } = linesFill(target, typed, kept, answers, (key) => (key === 'new1' ? new Set(['reason']) : none()));
    expect(detail.added).toEqual([{ key: 'new1', row: { product_id: 3, price: 30 } }]);
    expect(detail.changed).toEqual({ 5: { price: 11 } });
    expect(detail.touched?.new1).toEqual(['product_id']);
    expect([states.new1?.shown, states['9']]).toEqual([{ total: 30 }, undefined]);
    const back = linesFill(target, detail, kept, [answer('5', { values: { price: 10 } })], none);
    expect(back.detail.changed).toEqual({});
    expect(linesFill(target, { ...detail, removed: [5] }, kept, [answer('5', { values: { price: 99 } })], none).states).toEqual({});
  });
  it('show what may not be typed now, and do not send it', () => {
    const filled = linesFill(target, fresh, [], [answer('new1', { values: { price: 30 } })], none).detail;
    const fixed = linesFill(target, filled, [], [answer('new1', { values: { price: 2 }, fields: { price: { readonly: true } } })], none);
    expect([fixed.detail.added[0]?.row, fixed.states.new1?.shown]).toEqual([{}, { price: 2 }]);
    const closed = linesFill(target, NO_DETAIL, kept, [answer('5', { may: false, values: { reason: 'x' } })], none);
    expect([closed.detail.changed, closed.states['5']?.shown]).toEqual([{}, { reason: 'x' }]);
    const states = { new1: { may: true, fields: { price: { readonly: true } }, errors: [], shown: {} } };
    expect(linesWritable(target, filled, states).added).toEqual([{ key: 'new1', row: {} }]);
    expect(linesWritable(target, lineSet(target, filled, undefined, 'new1', { price: 31 }), states).added[0]?.row).toEqual({ price: 31 });
  });
  it('tell what is missing before they are saved, and what is wrong where somebody typed', () => {
    const states = { new1: { may: true, fields: { reason: { required: true } }, errors: [{ target: 'price', message: 'low' }, { message: 'odd' }], shown: {} }, 5: { may: true, fields: {}, errors: [{ target: 'price', message: 'no' }], shown: {} } };
    expect(linesMissing(fields, fresh, kept, states, 'must')).toEqual({ new1: { product: 'must', reason: 'must' } });
    expect(linesMissing(fields, { ...fresh, added: [{ key: 'new1', row: { product_id: 1 } }] }, kept, { new1: { ...states.new1, fields: { reason: { required: true, hidden: true } } } }, 'must')).toEqual({});
    expect(linesMissing(fields, { ...NO_DETAIL, changed: { 5: { product_id: null } }, removed: [5] }, kept, {}, 'must')).toEqual({});
    expect(linesFaults(target, { ...fresh, touched: { new1: ['price'] } }, states, false)).toEqual({ new1: { price: 'low', '': 'odd' } });
    expect(linesFaults(target, fresh, states, true)).toEqual({ new1: { price: 'low', '': 'odd' }, 5: { price: 'no' } });
  });
});

describe('columns of a detail', () => {
  it('what must be filled stands among them, as far as there is room', () => {
    const field = (name: string, more = {}) => ({ name, label: name, type: 'text', ...more });
    const many = Array.from({ length: 200 }, (_, place) => field(`f${place}`, { required: place % 20 === 0 }));
    const target = { name: 'line', layout: [], fields: [field('order', { type: 'lookup', required: true }), field('name'), field('sum', { type: 'formula', required: true }), ...many] } as never;
    const columns = lineColumns({ name: 'lines', by: 'order', columns: ['name', 'f1', 'f2', 'f3', 'f4'] } as never, target);
    expect(columns).toEqual(['name', 'f1', 'f2', 'f3', 'f4', 'f0', 'f20', 'f40', 'f60']);
  });
});

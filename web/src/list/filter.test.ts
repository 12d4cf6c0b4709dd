import { describe, expect, it } from 'vitest';
import type { Field, Section } from '../api/types';
import { filterDecode, filterEncode, filtersOData } from './filter';
import { stateParse, stateText } from './state';

const fields = [
  { name: 'title', label: '', type: 'text' }, { name: 'kind', label: '', type: 'choice' }, { name: 'stage', label: '', type: 'stage' }, { name: 'owner', label: '', type: 'lookup' },
  { name: 'people', label: '', type: 'lookup', many: true }, { name: 'sum', label: '', type: 'formula', value_type: 'money' }, { name: 'due', label: '', type: 'date' },
  { name: 'at', label: '', type: 'datetime' }, { name: 'done', label: '', type: 'boolean' },
] as Field[];
const section = { name: 'thing', fields } as Section;
const say = (field: string, op: string, ...values: string[]): string => filtersOData(section, [{ field, op, values }], '2026-05-15', 'Europe/Moscow');

describe('filters as the server reads them', () => {
  it('quotes text', () => {
    expect(say('title', 'contains', "O'Neil")).toBe("contains(title,'O''Neil')");
    expect(say('title', 'empty')).toBe('title eq null');
  });
  it('takes one of several', () => {
    expect(say('kind', 'in', 'a')).toBe("kind eq 'a'");
    expect(say('stage', 'in', 'draft', 'active')).toBe("stage in ('draft','active')");
    expect(say('owner', 'in', '3', '5')).toBe('owner_id in (3,5)');
    expect(say('owner', 'in', '3) or (1 eq 1')).toBe('');
    expect(say('people', 'in', '3')).toBe('people/any(x:x/id eq 3)');
  });
  it('knows spans of dates, whole days of the zone for moments', () => {
    expect(say('due', 'this_month')).toBe('due ge 2026-05-01 and due le 2026-05-31');
    expect(say('due', 'next_30')).toBe('due ge 2026-05-15 and due le 2026-06-14');
    expect(say('due', 'between', '', '2026-01-31')).toBe('due le 2026-01-31');
    expect(say('at', 'today')).toBe('at ge 2026-05-14T21:00:00Z and at lt 2026-05-15T21:00:00Z');
  });
  it('takes numbers as numbers only', () => {
    expect(say('sum', 'between', '10', '20.5')).toBe('sum ge 10 and sum le 20.5');
    expect(say('sum', 'between', '10 or true', '')).toBe('');
    expect(say('done', 'yes')).toBe('done eq true');
  });
  it('leaves out what it does not know', () => {
    expect(say('gone', 'contains', 'x')).toBe('');
    expect(say('due', 'contains', 'x')).toBe('');
  });
});

describe('the address of a list', () => {
  it('gives back what it was made of', () => {
    const filter = { field: 'title', op: 'contains', values: ['a, b % c.d'] };
    expect(filterDecode(filterEncode(filter))).toEqual(filter);
    const state = { view: 'open', search: 'ромашка', filters: [filter, { field: 'due', op: 'this_month', values: [] }], sort: ['-due', 'title'] };
    expect(stateParse(stateText(state).slice(1))).toEqual(state);
  });
  it('bears any address', () => {
    expect(stateParse('f=%%%&f=;drop&sort=--x,ok&view=')).toEqual({ view: '', search: '', filters: [], sort: ['ok'] });
  });
});

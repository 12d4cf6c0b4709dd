import { describe, expect, it } from 'vitest';
import type { Field, FormAnswer, Section } from '../api/types';
import { draftBody, draftCount, draftFill, draftSet, faultsOf, NO_DRAFT } from './draft';

const fields = [
  { name: 'title', label: '', type: 'text', writable: true }, { name: 'amount', label: '', type: 'money', writable: true }, { name: 'owner', label: '', type: 'lookup', to: 'user', writable: true },
  { name: 'starter', label: '', type: 'lookup', to: 'user', writable: true, readonly: true }, { name: 'left', label: '', type: 'formula', value_type: 'money' },
] as Field[];
const section = { name: 'thing', fields, details: [{ name: 'lines', label: '', section: 'line', by: 'thing', owned: true, columns: [] }] } as unknown as Section;
const base = { id: 1, title: 'a', amount: 10, owner_id: 3, 'owner@ostov.title': 'Anna' };

describe('a draft', () => {
  it('holds only what differs', () => {
    let draft = draftSet(section, NO_DRAFT, base, { title: 'b' }, true);
    expect(draftCount(section, draft, base)).toBe(1);
    draft = draftSet(section, draft, base, { title: 'a' }, true);
    expect(draftCount(section, draft, base)).toBe(0);
    draft = draftSet(section, draft, base, { amount: '10.00' }, true);
    expect(draftBody(draft)).toEqual({});
  });
  it('carries titles beside lookups and does not send them', () => {
    const draft = draftSet(section, NO_DRAFT, base, { owner_id: 4, 'owner@ostov.title': 'Boris' }, true);
    expect(draft.values['owner@ostov.title']).toBe('Boris');
    expect(draftBody(draft)).toEqual({ owner_id: 4 });
    const back = draftSet(section, draft, base, { owner_id: 3, 'owner@ostov.title': 'Anna' }, true);
    expect(back.values).toEqual({});
  });
  it('keeps emptied values of a new record, so that a default can be cleared', () => {
    expect(draftBody(draftSet(section, NO_DRAFT, {}, { title: null }, false))).toEqual({ title: null });
  });
  it('takes what rules fill, shows what may not be written, and leaves what was typed since', () => {
    const typed = draftSet(section, NO_DRAFT, base, { title: 'mine' }, true);
    const answer: FormAnswer = { values: { title: 'theirs', amount: 20, starter_id: 7, left: 5 }, titles: { starter: 'Vera' }, fields: {} };
    const { draft, shown } = draftFill(section, typed, base, answer, new Set(['title']), true);
    expect(draftBody(draft)).toEqual({ title: 'mine', amount: 20 });
    expect(shown).toEqual({ starter_id: 7, 'starter@ostov.title': 'Vera', left: 5 });
    expect(draft.touched).toEqual(['title']);
  });
  it('sends lines as a delta and finds them again by their place', () => {
    const draft = { ...NO_DRAFT, details: { lines: { changed: { 5: { amount: 1 } }, added: [{ key: 'new1', row: { amount: 2, 'x@ostov.title': 'y' } }], removed: [9] } } };
    expect(draftBody(draft)).toEqual({ 'lines@delta': [{ id: 5, amount: 1 }, { amount: 2 }, { id: 9, '@removed': { reason: 'deleted' } }] });
    const faults = faultsOf(section, draft, [
      { target: 'lines/1/owner_id', message: 'who' }, { target: 'owner_id', message: 'no' }, { target: 'amount', message: 'less' }, { target: 'elsewhere', message: 'odd' }, { message: 'plain' }]);
    expect(faults.lines).toEqual({ lines: { new1: { owner: 'who' } } });
    expect(faults.fields).toEqual({ owner: 'no', amount: 'less' });
    expect(faults.rest).toEqual(['odd', 'plain']);
  });
  it('does not send a line that was changed and then removed twice', () => {
    const draft = { ...NO_DRAFT, details: { lines: { changed: { 5: { amount: 1 } }, added: [], removed: [5] } } };
    expect(draftBody(draft)).toEqual({ 'lines@delta': [{ id: 5, '@removed': { reason: 'deleted' } }] });
  });
});

import { describe, expect, it, vi } from 'vitest';
import { rowTitle } from '../api/odata';
import { addDays, dateFormat, dateTimeFormat, durationFormat, durationParse, fromWallClock, monthSpan, weekSpan } from './dates';

const WORDS = { d: 'd', h: 'h', m: 'min', s: 's' };

describe('dates', () => {
  it('writes as people of the language do', () => {
    expect(dateFormat('2026-05-01', 'ru')).toBe('01.05.2026');
    expect(dateFormat('2026-05-01', 'en')).toBe('1 May 2026');
    expect(dateFormat(null, 'en')).toBe('');
  });
  it('shows a moment on the clock of the zone, summer time included', () => {
    expect(dateTimeFormat('2026-05-01T21:30:00Z', 'ru', 'Europe/Moscow')).toBe('02.05.2026, 00:30');
    expect(dateTimeFormat('2026-07-01T10:00:00Z', 'ru', 'Europe/Berlin')).toBe('01.07.2026, 12:00');
    expect(dateTimeFormat('2026-01-01T10:00:00Z', 'ru', 'Europe/Berlin')).toBe('01.01.2026, 11:00');
  });
  it('turns the clock of a zone into a moment and back', () => {
    expect(fromWallClock('2026-07-01', '12:00:00', 'Europe/Berlin')).toBe('2026-07-01T10:00:00Z');
    expect(fromWallClock('2026-03-29', '03:00:00', 'Europe/Berlin')).toBe('2026-03-29T01:00:00Z');
    expect(fromWallClock('2026-05-01', '00:00:00', 'Asia/Vladivostok')).toBe('2026-04-30T14:00:00Z');
  });
  it('knows spans', () => {
    expect(monthSpan('2026-01-31', 1)).toEqual(['2026-02-01', '2026-02-28']);
    expect(monthSpan('2026-01-15', -1)).toEqual(['2025-12-01', '2025-12-31']);
    expect(weekSpan('2026-05-17')).toEqual(['2026-05-11', '2026-05-17']);
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
  });
});

describe('durations', () => {
  it('reads what people type', () => {
    expect(durationParse('1:30')).toBe('PT1H30M');
    expect(durationParse('90')).toBe('PT1H30M');
    expect(durationParse('2 ч 15 мин')).toBe('PT2H15M');
    expect(durationParse('1 d 2 h')).toBe('P1DT2H');
    expect(durationParse('')).toBe(null);
    expect(durationParse('soon')).toBe(undefined);
    expect(durationParse('PT5M')).toBe('PT5M');
  });
  it('writes them in words that it reads again', () => {
    expect(durationFormat('P1DT2H5M', WORDS)).toBe('1\u00a0d 2\u00a0h 5\u00a0min');
    expect(durationParse(durationFormat('P1DT2H5M', WORDS).replaceAll('\u00a0', ' '))).toBe('P1DT2H5M');
    expect(durationFormat('PT0M', WORDS)).toBe('0\u00a0min');
  });
});

describe('titles', () => {
  it('one that is a date is read as one', () => {
    vi.stubGlobal('document', { documentElement: { lang: 'ru' } });
    expect([rowTitle({ '@ostov.title': '2026-01-09' }), rowTitle({ '@ostov.title': 'С-2026-00009' })]).toEqual(['09.01.2026', 'С-2026-00009']);
    vi.unstubAllGlobals();
  });
});

import { describe, expect, it } from 'vitest';
import { decimalFormat, decimalSame, decimalSum, moneyFormat } from './decimal';

const THIN = '\u202f';

describe('decimals', () => {
  it('groups thousands with thin spaces and keeps every digit', () => {
    expect(decimalFormat('12345678901234567890.12', 'ru')).toBe(['12', '345', '678', '901', '234', '567', '890'].join(THIN) + ',12');
    expect(decimalFormat(1234.5, 'en', 2)).toBe(`1${THIN}234.50`);
    expect(decimalFormat(-999, 'en')).toBe('−999');
    expect(decimalFormat('1e3', 'en')).toBe(`1${THIN}000`);
    expect(decimalFormat('0.000', 'en', 1)).toBe('0.0');
    expect(decimalFormat(null, 'en')).toBe('');
  });
  it('adds without rounding', () => {
    expect(decimalSum([0.1, '0.2', null, '9007199254740993'])).toBe('9007199254740993.3');
    expect(decimalSum([])).toBe('0');
    expect(decimalSum(['-1.005', '1'])).toBe('-0.005');
  });
  it('compares by value, not by text', () => {
    expect(decimalSame('1.50', 1.5)).toBe(true);
    expect(decimalSame('1.51', 1.5)).toBe(false);
    expect(decimalSame(null, 0)).toBe(false);
  });
  it('writes money with its sign, and nothing for nothing', () => {
    expect(moneyFormat('1000', 'ru', 'RUB')).toBe(`1${THIN}000,00\u00a0₽`);
    expect(moneyFormat('5', 'en', 'XAU')).toBe('5.00\u00a0XAU');
    expect(moneyFormat(null, 'ru', 'RUB')).toBe('');
  });
});

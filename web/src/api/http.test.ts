import { describe, expect, it } from 'vitest';
import { parseJson } from './http';

const sources = ((): boolean => {
  let seen = false;
  JSON.parse('1', ((_key: string, value: unknown, context?: { source?: string }) => {
    seen = context?.source !== undefined;
    return value;
  }) as (this: unknown, key: string, value: unknown) => unknown);
  return seen;
})();

describe('answers', () => {
  it.runIf(sources)('keeps digits that a double would lose', () => {
    expect(parseJson('{"a":12345678901234567890.12,"b":1.5,"c":"x","d":12345678901234567}')).toEqual({ a: '12345678901234567890.12', b: 1.5, c: 'x', d: '12345678901234567' });
  });
  it('reads what is short as it is, and nothing as nothing', () => {
    expect(parseJson('{"a":10.50}')).toEqual({ a: 10.5 });
    expect(parseJson('')).toBe(null);
  });
});

import { describe, expect, it } from 'vitest';
import { DARK, LIGHT, NAMES, paletteName } from './palette';

function luminance(colour: string): number {
  const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * (parts[0] ?? 0) + 0.7152 * (parts[1] ?? 0) + 0.0722 * (parts[2] ?? 0);
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

describe('the palette of tags', () => {
  it('has eight colours with a contrast of at least 4.5 in light and dark', () => {
    expect(NAMES).toHaveLength(8);
    for (const shades of [LIGHT, DARK]) {
      expect(Object.keys(shades)).toEqual(NAMES);
      for (const { text, back } of Object.values(shades)) expect(contrast(text, back)).toBeGreaterThanOrEqual(4.5);
    }
  });
  it('takes a colour by name, by a usual other name, or by place', () => {
    expect(paletteName('green', 0)).toBe('green');
    expect(paletteName('orange', 0)).toBe('amber');
    expect(paletteName('no such', 9)).toBe(NAMES[1]);
    expect(paletteName(null, 2)).toBe(NAMES[2]);
  });
});

import { describe, expect, it } from 'vitest';
import { spanAt, spanHolds } from './WindowRow';

describe('columns in sight', () => {
  const widths = [40, 200, ...Array.from({ length: 200 }, () => 100)];
  const total = widths.reduce((sum, width) => sum + width, 0);
  it('are those of the view and some beside, the rest is room of the same width', () => {
    for (const left of [0, 250, 5000, total - 1000]) {
      const span = spanAt(widths, 2, left, 1000);
      const drawn = widths.slice(span.from, span.to).reduce((sum, width) => sum + width, 0);
      expect(240 + span.before + drawn + span.after).toBe(total);
      // From the edge of what stays to the right edge nothing is missing.
      expect(240 + span.before).toBeLessThanOrEqual(left + 240);
      expect(240 + span.before + drawn).toBeGreaterThanOrEqual(Math.min(total, left + 1000));
      expect(span.to - span.from).toBeLessThan(30);
    }
  });
  it('hold while the view moves a little', () => {
    const span = spanAt(widths, 2, 5000, 1000);
    expect(spanHolds(span, spanAt(widths, 2, 5100, 1000))).toBe(true);
    for (const left of [0, 4000, 6000, total - 1000]) expect(spanHolds(span, spanAt(widths, 2, left, 1000))).toBe(false);
  });
});

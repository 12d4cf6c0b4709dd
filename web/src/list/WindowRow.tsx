import { createContext, useContext } from 'react';
import type { HTMLAttributes, ReactNode } from 'react';

/** Which cells of a row are drawn: those that stay, and from `from` to before `to`; the others are room of the same width. */
export interface Span { stay: number; from: number; to: number; before: number; after: number }

export const SpanContext = createContext<Span | null>(null);

/** Columns beyond the edges that are drawn too, so that a small movement asks for nothing. */
const BESIDE = 6;

/** What to draw of columns of these widths when the view begins at `left`. */
export function spanAt(widths: number[], stay: number, left: number, room: number): Span {
  const kept = widths.slice(0, stay).reduce((sum, width) => sum + width, 0);
  let from = stay;
  let at = kept;
  while (from < widths.length - 1 && at + (widths[from] ?? 0) < left + kept) at += widths[from++] ?? 0;
  let to = from;
  while (to < widths.length && at < left + room) at += widths[to++] ?? 0;
  from = Math.max(stay, from - BESIDE);
  to = Math.min(widths.length, to + BESIDE);
  const sum = (list: number[]): number => list.reduce((all, width) => all + width, 0);
  return { stay, from, to, before: sum(widths.slice(stay, from)), after: sum(widths.slice(to)) };
}

/** Whether the view still lies within what is drawn. */
export function spanHolds(span: Span, next: Span): boolean {
  const edge = BESIDE / 2;
  return span.stay === next.stay && (span.from === span.stay || span.from + edge <= next.from + BESIDE) && (next.to - BESIDE <= span.to - edge || span.after === 0);
}

/** A row of a virtual table with very many columns. */
export function WindowRow({ children, ...rest }: HTMLAttributes<HTMLDivElement>) {
  const span = useContext(SpanContext);
  if (!span || !Array.isArray(children)) return <div {...rest}>{children}</div>;
  const cells = children as ReactNode[];
  return (
    <div {...rest}>
      {cells.slice(0, span.stay)}
      <div style={{ flex: `0 0 ${span.before}px` }} />
      {cells.slice(span.from, span.to)}
      <div style={{ flex: `0 0 ${span.after}px` }} />
    </div>
  );
}

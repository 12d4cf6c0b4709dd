import { useRef } from 'react';
import type { HTMLAttributes, PointerEvent } from 'react';

interface Props extends HTMLAttributes<HTMLTableCellElement> {
  width?: number;
  label?: string;
  onWidth?: (width: number, done: boolean) => void;
}

const LEAST = 70;
const MOST = 900;

/** A header cell whose right edge can be drawn to widen the column. */
export function HeaderCell({ width, label: _label, onWidth, children, ...rest }: Props) {
  const from = useRef({ x: 0, width: 0 });
  if (!onWidth) return <th {...rest}>{children}</th>;
  const size = (event: PointerEvent): number => Math.min(MOST, Math.max(LEAST, from.current.width + event.clientX - from.current.x));
  return (
    <th {...rest}>
      {children}
      <span
        className="grip"
        aria-hidden="true"
        onClick={(event) => event.stopPropagation()}
        onPointerDown={(event) => {
          from.current = { x: event.clientX, width: width ?? 150 };
          event.currentTarget.setPointerCapture(event.pointerId);
          event.preventDefault();
        }}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) onWidth(size(event), false);
        }}
        onPointerUp={(event) => {
          event.currentTarget.releasePointerCapture(event.pointerId);
          onWidth(size(event), true);
        }}
      />
    </th>
  );
}

import Checkbox from 'antd/es/checkbox';
import Skeleton from 'antd/es/skeleton';
import { useEffect, useRef } from 'react';
import type { MouseEvent, PointerEvent } from 'react';
import { Link } from 'wouter';
import { shownType } from '../api/meta';
import { rowTitle } from '../api/odata';
import type { Row, Section } from '../api/types';
import { recordPath } from '../app/paths';
import { StageTag } from '../fields/StageTag';
import { isEmpty, Value } from '../fields/Value';
import { useT } from '../i18n';
import type { Column } from './column';
import { columnRow } from './column';
import { liveClass } from './useLiveRows';
import type { LiveRows } from './useLiveRows';
import { PAGE } from './useRows';
import type { useRows } from './useRows';

interface Props {
  section: Section;
  columns: Column[];
  rows: ReturnType<typeof useRows>;
  live: LiveRows;
  /** Cards are chosen instead of opened. */
  choosing: boolean;
  selected: number[];
  /** Choosing begins with this card: a finger rested on it. Absent where nothing can be done to several. */
  onHold?: ((id: number) => void) | undefined;
  onToggle: (id: number) => void;
  onOpen: (index: number) => void;
}

const TELLING = 2;
const HOLD = 450;
const SLIP = 10;
const WEIGHTS = ['money', 'date', 'lookup', 'choice'];

/** A narrow screen's list: a card per record with its title, two telling fields and the stage; a check box in each while records are chosen. */
export function ListCards({ section, columns, rows, live, choosing, selected, onHold, onToggle, onOpen }: Props) {
  const held = useRef(false);
  const chosen = new Set(selected);
  const end = useRef<HTMLDivElement>(null);
  const shown = rows.lines.findIndex((line) => !line.row);
  const upTo = shown < 0 ? rows.lines.length : shown;
  const { want } = rows;
  useEffect(() => {
    const mark = end.current;
    if (!mark || upTo === 0) return undefined;
    const watch = new IntersectionObserver((seen) => {
      if (seen.some((item) => item.isIntersecting)) want(Math.ceil(upTo / PAGE) * PAGE);
    }, { rootMargin: '600px' });
    watch.observe(mark);
    return () => watch.disconnect();
  }, [upTo, want]);
  if (rows.first.isPending) return <div className="cards">{[0, 1, 2, 3, 4].map((item) => <div key={item} className="card"><Skeleton active title={false} paragraph={{ rows: 2 }} /></div>)}</div>;
  return (
    <div className="cards"
      onPointerDownCapture={() => { held.current = false; }}
      onClickCapture={(event) => {
        // The finger that began the choosing is lifted: that is no press on what is there now.
        if (!held.current) return;
        held.current = false;
        event.preventDefault();
        event.stopPropagation();
      }}>
      {rows.lines.slice(0, upTo).map((line) => {
        if (!line.row) return null;
        const id = Number(line.row.id);
        return (
          <Card key={line.key} section={section} columns={columns} row={line.row} mark={liveClass(live, id)} chosen={choosing ? chosen.has(id) : null} onToggle={() => onToggle(id)} onOpen={() => onOpen(line.index)}
            onHold={onHold && (() => {
              held.current = true;
              onHold(id);
            })} />
        );
      })}
      {upTo < rows.lines.length ? <div ref={end} className="card"><Skeleton active title={false} paragraph={{ rows: 2 }} /></div> : null}
    </div>
  );
}

interface CardProps { section: Section; columns: Column[]; row: Row; mark: string; chosen: boolean | null; onHold?: (() => void) | undefined; onToggle: () => void; onOpen: () => void }

/** A finger that rests in its place, as a telephone's own lists have it. */
function useHold(act: (() => void) | undefined) {
  const timer = useRef(0);
  const from = useRef({ x: 0, y: 0, touch: false });
  const stop = (): void => window.clearTimeout(timer.current);
  useEffect(() => stop, []);
  return {
    onPointerDown: (event: PointerEvent) => {
      stop();
      from.current = { x: event.clientX, y: event.clientY, touch: event.pointerType !== 'mouse' };
      if (act && from.current.touch && event.isPrimary) timer.current = window.setTimeout(act, HOLD);
    },
    onPointerMove: (event: PointerEvent) => {
      if (Math.hypot(event.clientX - from.current.x, event.clientY - from.current.y) > SLIP) stop();
    },
    onPointerUp: stop,
    onPointerCancel: stop,
    // The browser's own menu for a link would cover what begins here.
    onContextMenu: (event: MouseEvent) => {
      if (act && from.current.touch) event.preventDefault();
    },
  };
}

function Card({ section, columns, row, mark, chosen: picked, onHold, onToggle, onOpen }: CardProps) {
  const t = useT();
  const hold = useHold(picked === null ? onHold : undefined);
  const title = rowTitle(row);
  // What the title says already is not said again; sums and dates tell most.
  const rest = columns.filter((column, place) => {
    const { field } = column;
    const from = columnRow(column, row);
    return place > 0 && field.type !== 'stage' && !isEmpty(field, from) && !title.includes(String(from[`${field.name}@ostov.title`] ?? from[field.name]));
  });
  const weight = (type: string): number => (WEIGHTS.includes(type) ? WEIGHTS.indexOf(type) : WEIGHTS.length);
  const chosen = [...rest].sort((a, b) => weight(shownType(a.field)) - weight(shownType(b.field))).slice(0, TELLING);
  const telling = rest.filter((column) => chosen.includes(column));
  const inside = (
    <span className="card-in">
      <span className="card-title">{title}</span>
      {typeof row.stage === 'string' ? <StageTag section={section} stage={row.stage} /> : null}
      <span className="card-fields">
        {telling.map((column) => (
          <span key={column.name}><span className="quiet">{column.label}</span> <Value section={column.section} field={column.field} row={columnRow(column, row)} /></span>
        ))}
      </span>
    </span>
  );
  if (picked !== null) {
    return <Checkbox className={`card card-choice ${picked ? 'card-chosen' : ''} ${mark}`} checked={picked} onChange={onToggle} aria-label={t('list.select', { title })}>{inside}</Checkbox>;
  }
  return (
    <Link className={`card ${mark}`} href={recordPath(section.name, Number(row.id))} draggable={false} {...hold} onClick={(event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      onOpen();
    }}>{inside}</Link>
  );
}

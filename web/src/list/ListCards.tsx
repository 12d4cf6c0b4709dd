import Skeleton from 'antd/es/skeleton';
import { useEffect, useRef } from 'react';
import { Link } from 'wouter';
import { shownType } from '../api/meta';
import { rowTitle } from '../api/odata';
import type { Row, Section } from '../api/types';
import { recordPath } from '../app/paths';
import { StageTag } from '../fields/StageTag';
import { isEmpty, Value } from '../fields/Value';
import type { Column } from './column';
import { columnRow } from './column';
import { liveClass } from './useLiveRows';
import type { LiveRows } from './useLiveRows';
import { PAGE } from './useRows';
import type { useRows } from './useRows';

interface Props { section: Section; columns: Column[]; rows: ReturnType<typeof useRows>; live: LiveRows; onOpen: (index: number) => void }

const TELLING = 2;
const WEIGHTS = ['money', 'date', 'lookup', 'choice'];

/** A narrow screen's list: a card per record with its title, two telling fields and the stage. */
export function ListCards({ section, columns, rows, live, onOpen }: Props) {
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
    <div className="cards">
      {rows.lines.slice(0, upTo).map((line) => (line.row ? <Card key={line.key} section={section} columns={columns} row={line.row} mark={liveClass(live, Number(line.row.id))} onOpen={() => onOpen(line.index)} /> : null))}
      {upTo < rows.lines.length ? <div ref={end} className="card"><Skeleton active title={false} paragraph={{ rows: 2 }} /></div> : null}
    </div>
  );
}

function Card({ section, columns, row, mark, onOpen }: { section: Section; columns: Column[]; row: Row; mark: string; onOpen: () => void }) {
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
  return (
    <Link className={`card ${mark}`} href={recordPath(section.name, Number(row.id))} onClick={(event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      onOpen();
    }}>
      <span className="card-title">{title}</span>
      {typeof row.stage === 'string' ? <StageTag section={section} stage={row.stage} /> : null}
      <span className="card-fields">
        {telling.map((column) => (
          <span key={column.name}><span className="quiet">{column.label}</span> <Value section={column.section} field={column.field} row={columnRow(column, row)} /></span>
        ))}
      </span>
    </Link>
  );
}

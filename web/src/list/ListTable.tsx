import Table from 'antd/es/table';
import type { ColumnsType, TableRef } from 'antd/es/table';
import type { ReactNode } from 'react';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { Link } from 'wouter';
import { isNumeric, shownType } from '../api/meta';
import { rowTitle } from '../api/odata';
import type { Field, List, Row, Section } from '../api/types';
import { recordPath } from '../app/paths';
import { isEmpty, Value } from '../fields/Value';
import { useT } from '../i18n';
import { bulkPossible, MOST_SELECTED } from './bulk';
import type { Column } from './column';
import { columnRow } from './column';
import { HeaderCell } from './HeaderCell';
import { Pending } from './Pending';
import type { ListState } from './state';
import { liveClass } from './useLiveRows';
import type { LiveRows } from './useLiveRows';
import type { Line, useRows } from './useRows';
import { SpanContext, spanAt, spanHolds, WindowRow } from './WindowRow';

interface Props {
  section: Section;
  columns: Column[];
  rows: ReturnType<typeof useRows>;
  live: LiveRows;
  state: ListState;
  view: List | undefined;
  at: number;
  selected: number[];
  widths: Record<string, number>;
  onSelect: (ids: number[]) => void;
  onOpen: (index: number) => void;
  onSort: (sort: string[] | null) => void;
  onWidths: (widths: Record<string, number>) => void;
}

const ROW = 40;
const HEAD = 40;
const CHECKBOX = 44;
const SHRINK = 0.6;
/** A head shows its whole label unless that is very long: letters, and room for the mark of sorting. */
const LETTER = 7.6;
const HEAD_ROOM = 48;
const WIDEST_HEAD = 190;
/** What must not be cut keeps its width. */
const RIGID = ['date', 'datetime', 'money', 'decimal', 'integer', 'percent', 'boolean', 'duration', 'stage', 'choice', 'autonumber', 'phone'];
/** More columns than these are drawn as they come into sight. */
const MANY = 24;
const WHOLE = { header: { cell: HeaderCell } };
const WINDOWED = { ...WHOLE, body: { row: WindowRow } };
const SKELETONS: Line[] = Array.from({ length: 20 }, (_, index) => ({ key: `s${index}`, index: -1, row: null }));

/** Width for the longest tag that may stand in the column. */
function tagWidth(labels: string[]): number {
  return Math.min(220, Math.max(100, Math.max(0, ...labels.map((label) => label.length)) * LETTER + 40));
}

function usualWidth(section: Section, field: Field, first: boolean): number {
  const type = shownType(field);
  if (type === 'autonumber') return 145;
  if (first) return 240;
  if (type === 'boolean') return 110;
  if (type === 'date' || type === 'integer' || type === 'percent') return 120;
  if (type === 'datetime' || type === 'phone') return 160;
  if (type === 'email') return 200;
  if (type === 'money') return 150;
  if (type === 'lookup' || type === 'text') return 240;
  if (type === 'stage') return tagWidth(section.stages.flatMap((path) => path.stages.map((stage) => stage.label)));
  if (type === 'choice') return tagWidth((field.values ?? []).map((item) => item.label));
  return 140;
}

/** The whole text of a cell that may be cut. */
function hint(column: Column, row: Row): string | undefined {
  const from = columnRow(column, row);
  const text = column.field.type === 'lookup' ? from[`${column.field.name}@ostov.title`] ?? from[`${column.field.name}@ostov.titles`] : from[column.field.name];
  if (Array.isArray(text)) return text.join(', ');
  return typeof text === 'string' && ['lookup', 'text', 'email', 'phone', 'url', 'autonumber'].includes(shownType(column.field)) ? text : undefined;
}

export function ListTable({ section, columns, rows, live, state, view, at, selected, widths, onSelect, onOpen, onSort, onWidths }: Props) {
  const t = useT();
  const box = useRef<HTMLDivElement>(null);
  const table = useRef<TableRef>(null);
  const [space, setSpace] = useState({ width: 0, height: 0 });
  const [dragged, setDragged] = useState<Record<string, number>>({});
  const waiting = rows.first.isPending;
  const selectable = bulkPossible(section);
  const boxes = selectable ? CHECKBOX : 0;

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const measure = (): void => setSpace({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    if (at >= 0) table.current?.scrollTo({ index: at });
  }, [at]);

  const sort = state.sort ?? view?.sort ?? [];
  const sorted = (name: string): 'ascend' | 'descend' | null => (sort.includes(name) ? 'ascend' : sort.includes(`-${name}`) ? 'descend' : null);
  const all: Record<string, number> = { ...widths, ...dragged };
  // Columns whose width nobody chose share the room that is there: they grow to fill the page, and shrink a little before it scrolls.
  const usual = columns.map(({ section: of, field, label }, place) => Math.max(usualWidth(of, field, place === 0), Math.min(WIDEST_HEAD, label.length * LETTER + HEAD_ROOM)));
  const rigid = ({ name, field }: Column): boolean => all[name] !== undefined || RIGID.includes(shownType(field));
  const chosen = columns.reduce((sum, column, place) => sum + (rigid(column) ? all[column.name] ?? usual[place] ?? 0 : 0), boxes + 2);
  const loose = columns.reduce((sum, column, place) => sum + (rigid(column) ? 0 : usual[place] ?? 0), 0);
  const factor = loose ? Math.max(SHRINK, (space.width - chosen) / loose) : 1;
  const sizes = columns.map((column, place) => all[column.name] ?? Math.floor((usual[place] ?? 150) * (rigid(column) ? 1 : factor)));
  const total = sizes.reduce((sum, size) => sum + size, boxes);

  // The title stays in sight beside columns that are scrolled to.
  const scrolls = total > space.width && columns.length > 1 && (sizes[0] ?? 0) < space.width / 2;

  // Of very many columns only those in sight are drawn.
  const many = columns.length > MANY;
  const wide = useMemo(() => [...(boxes ? [boxes] : []), ...sizes], [boxes, sizes.join()]);
  const stay = scrolls ? (boxes ? 2 : 1) : 0;
  const [left, setLeft] = useState(0);
  const span = useMemo(() => (many && space.width ? spanAt(wide, stay, left, space.width) : null), [many, wide, stay, left, space.width]);

  const look = useRef<(x: number) => void>(() => {});
  look.current = (x) => {
    if (span && !spanHolds(span, spanAt(wide, stay, x, space.width))) setLeft(x);
  };
  useEffect(() => {
    const element = box.current;
    if (!element || !many) return undefined;
    // The body moves its rows itself; its head is what really scrolls.
    const listen = (event: Event): void => {
      if (event.target instanceof HTMLElement && event.target.classList.contains('ant-table-header')) look.current(event.target.scrollLeft);
    };
    element.addEventListener('scroll', listen, true);
    return () => element.removeEventListener('scroll', listen, true);
  }, [many]);

  const shape = useMemo((): ColumnsType<Line> => columns.map((column, place) => {
    const { field, name, label } = column;
    const width = sizes[place] ?? 150;
    const right = isNumeric(field);
    // Of many columns and rows only what changed is drawn anew while the table is scrolled.
    const drawn = new WeakMap<Line, ReactNode>();
    const draw = (line: Line, row: Row): ReactNode => {
      const node = drawn.get(line) ?? <Value section={column.section} field={field} row={columnRow(column, row)} />;
      drawn.set(line, node);
      return node;
    };
    return {
      key: name,
      ...(place === 0 && scrolls ? { fixed: 'left' as const } : {}),
      title: label,
      width,
      ellipsis: true,
      align: right ? 'right' as const : 'left' as const,
      sorter: field.sortable !== false,
      sortOrder: sorted(name),
      showSorterTooltip: false,
      onCell: (line: Line) => ({ title: line.row ? hint(column, line.row) : undefined }),
      onHeaderCell: () => ({
        width,
        label,
        onWidth: (next: number, done: boolean) => {
          setDragged((before) => ({ ...before, [name]: next }));
          if (done) onWidths({ ...widths, ...dragged, [name]: next });
        },
      } as Record<string, unknown>),
      render: (_: unknown, line: Line) => {
        if (!line.row) return <Pending index={line.index} want={rows.want} place={place} />;
        if (place > 0) return draw(line, line.row);
        const { row } = line;
        return (
          <Link href={recordPath(section.name, Number(row.id))} className="row-title" onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            onOpen(line.index);
          }}>
            {isEmpty(field, columnRow(column, row)) ? rowTitle(row) : <Value section={column.section} field={field} row={columnRow(column, row)} />}
          </Link>
        );
      },
    };
  }), [columns, section, sort.join(), sizes.join(), scrolls, rows.want, onOpen]);

  const loaded = useMemo(() => new Set(rows.lines.filter((line) => line.row).map((line) => line.key)), [rows.lines]);
  return (
    <div ref={box} className="table-box">
      {space.height > 0 ? (
        <SpanContext.Provider value={span}>
        <Table<Line>
          ref={table}
          virtual
          size="small"
          rowKey="key"
          columns={shape}
          dataSource={waiting ? SKELETONS : rows.lines}
          pagination={false}
          tableLayout="fixed"
          scroll={{ x: Math.max(total, space.width - 2), y: space.height - HEAD }}
          components={many ? WINDOWED : WHOLE}
          rowClassName={(line) => ['row', line.index === at && at >= 0 ? 'row-at' : '', liveClass(live, Number(line.row?.id))].join(' ')}
          onRow={(line) => ({ onDoubleClick: () => onOpen(line.index), style: { height: ROW } })}
          showSorterTooltip={false}
          sortDirections={['ascend', 'descend']}
          onChange={(_page, _filters, sorter) => {
            const one = Array.isArray(sorter) ? sorter[0] : sorter;
            const key = typeof one?.columnKey === 'string' ? one.columnKey : '';
            onSort(one?.order && key ? [`${one.order === 'descend' ? '-' : ''}${key}`] : null);
          }}
          {...(selectable ? { rowSelection: {
            // The virtual table squeezes this column unless it is given a width.
            columnWidth: CHECKBOX,
            fixed: scrolls,
            selectedRowKeys: selected,
            preserveSelectedRowKeys: true,
            onChange: (keys) => onSelect(keys.filter((key): key is number => typeof key === 'number').slice(0, MOST_SELECTED)),
            getCheckboxProps: (line) => ({
              disabled: !line.row, 'aria-label': line.row ? t('list.select', { title: rowTitle(line.row) }) : t('state.loading'),
            } as Record<string, unknown>),
            getTitleCheckboxProps: () => ({ 'aria-label': t('list.select_all'), disabled: loaded.size === 0 } as Record<string, unknown>),
          } } : {})}
        />
        </SpanContext.Provider>
      ) : null}
    </div>
  );
}

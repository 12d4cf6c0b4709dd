import CheckSquareOutlined from '@ant-design/icons/es/icons/CheckSquareOutlined';
import PlusOutlined from '@ant-design/icons/es/icons/PlusOutlined';
import Button from 'antd/es/button';
import { lazy, Suspense, useCallback, useMemo, useRef, useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { useMeta } from '../api/meta';
import { searchText } from '../api/odata';
import type { Section } from '../api/types';
import { useKeys } from '../app/keys';
import { useNarrow } from '../app/narrow';
import { listPath, newPath, recordPath } from '../app/paths';
import { useSetting } from '../app/settings';
import { useTitle } from '../app/title';
import { Trouble, TroubleOf } from '../app/Trouble';
import { today } from '../fields/dates';
import { useT } from '../i18n';
import { bulkPossible, MOST_SELECTED } from './bulk';
import { columnOf, columnsQuery } from './column';
import { filtersOData } from './filter';
import { FilterBar } from './FilterBar';
import { ListCards } from './ListCards';
import { ListEmpty } from './ListEmpty';
import { ListTable } from './ListTable';
import { ListTools } from './ListTools';
import { SearchBox } from './SearchBox';
import type { ListState } from './state';
import { stateParse, stateText } from './state';
import { trailSet } from './trail';
import { useLiveRows } from './useLiveRows';
import type { ListQuery } from './useRows';
import { useRows } from './useRows';
import { ViewTabs } from './ViewTabs';
import { ListFooter } from './ListFooter';

const BulkBar = lazy(() => import('./BulkBar'));

const LONGEST_BESIDE = 12;

export interface ViewSetting { columns?: string[]; widths?: Record<string, number> }

export function ListPage({ name }: { name: string }) {
  const meta = useMeta();
  const section = meta.sections[name];
  return section ? <List section={section} /> : <Trouble kind="not_found" />;
}

function List({ section }: { section: Section }) {
  const t = useT();
  const meta = useMeta();
  const narrow = useNarrow();
  const [, navigate] = useLocation();
  const search = useSearch();
  const state = useMemo(() => stateParse(search), [search]);
  const view = section.lists.find((item) => item.name === state.view) ?? section.lists[0];
  const setting = useSetting<ViewSetting>(`list.${section.name}.${view?.name ?? 'all'}`);
  const [selected, setSelected] = useState<number[]>([]);
  const [choosing, setChoosing] = useState(false);
  const [at, setAt] = useState(-1);
  const [cleared, setCleared] = useState(0);
  useTitle(section.plural);

  const columns = useMemo(() => {
    const usable = (column: string): boolean => columnOf(meta, section, column) !== undefined;
    const own = setting.value?.columns?.filter(usable);
    const declared = (view?.columns ?? []).filter(usable);
    const fallback = section.fields.filter((field) => !field.builtin && !field.long).slice(0, 6).map((field) => field.name);
    return own?.length ? own : declared.length ? declared : fallback;
  }, [setting.value, section, view, meta]);
  const shape = useMemo(() => columns.map((name) => columnOf(meta, section, name)).filter((item) => item !== undefined), [meta, section, columns]);

  const query = useMemo((): ListQuery => {
    const sort = (state.sort ?? []).filter((part) => columnOf(meta, section, part.replace(/^-/, '')));
    const declared = view?.sort ?? [];
    // A card shows it, and what may be done with a selection depends on it.
    const stage = section.stages.length ? columnOf(meta, section, 'stage') : undefined;
    return {
      ...columnsQuery(stage && !columns.includes('stage') ? [...shape, stage] : shape),
      $filter: filtersOData(section, state.filters, today(meta.zone), meta.zone),
      $orderby: (sort.length ? sort : declared).map((part) => part.replaceAll('.', '/')).map((part) => (part.startsWith('-') ? `${part.slice(1)} desc` : part)).join(','),
      $search: searchText(state.search) || null,
      '$ostov.list': view?.name ?? null,
    };
  }, [columns, shape, state, view, section, meta]);

  const rows = useRows(section.name, query);
  const box = useRef<HTMLDivElement>(null);
  const live = useLiveRows({ section: section.name, query, rows, busy: selected.length > 0 || choosing || at >= 0, box });
  const change = useCallback((part: Partial<ListState>, replace = false) => {
    const next = { ...state, ...part };
    setAt(-1);
    navigate(listPath(section.name, stateText(next)), { replace });
  }, [state, navigate, section.name]);

  const open = useCallback((index: number) => {
    const row = rows.lines[index]?.row;
    if (!row) return;
    trailSet({ section: section.name, query, index, id: Number(row.id), address: listPath(section.name, search ? `?${search}` : ''), total: rows.count, exceeded: rows.exceeded });
    navigate(recordPath(section.name, Number(row.id)));
  }, [rows.lines, rows.count, rows.exceeded, section.name, query, search, navigate]);

  useKeys({
    j: () => setAt((place) => Math.min(place + 1, rows.lines.length - 1)),
    k: () => setAt((place) => Math.max(place - 1, 0)),
    ArrowDown: () => setAt((place) => Math.min(place + 1, rows.lines.length - 1)),
    ArrowUp: () => setAt((place) => Math.max(place - 1, 0)),
    Enter: (event) => {
      if (at >= 0) open(at);
      else if (event.target instanceof HTMLElement && event.target !== document.body) event.target.click();
    },
    n: () => section.can.create && navigate(newPath(section.name)),
    '/': () => document.getElementById('list-search')?.focus(),
    Escape: () => (selected.length || choosing ? select([]) : setAt(-1)),
  });

  // Choosing goes on when the last chosen one is let go; it ends with what was done, or by the bar's own button.
  const picking = narrow && (choosing || selected.length > 0);
  const toggle = (id: number): void => {
    setChoosing(true);
    setSelected((before) => (before.includes(id) ? before.filter((item) => item !== id) : [...before, id].slice(0, MOST_SELECTED)));
  };
  const select = (ids: number[]): void => {
    setSelected(ids);
    if (!ids.length) setChoosing(false);
  };

  const narrowed = state.filters.length > 0 || state.search !== '';
  // A long word of the title and the whole button do not stand side by side on a narrow screen.
  const cramped = narrow && section.plural.split(' ').some((word) => word.length > LONGEST_BESIDE);
  const empty = !rows.first.isPending && !rows.first.isError && rows.lines.length === 0;
  // The list that shows everything, when another one is open.
  const whole = view?.name !== 'all' && section.lists.some((item) => item.name === 'all') ? 'all' : null;
  const body = () => {
    if (rows.first.isError && !rows.first.data) return <TroubleOf error={rows.first.error} retry={() => void rows.first.refetch()} />;
    if (empty) return <ListEmpty section={section} view={view} narrowed={narrowed} onAll={whole ? () => change({ view: whole, sort: null }) : null} onClear={() => {
      // What is being typed in the search box goes too, though nothing was asked with it yet.
      setCleared((count) => count + 1);
      change({ filters: [], search: '' });
    }} />;
    if (narrow) {
      return (
        <ListCards section={section} columns={shape} rows={rows} live={live} choosing={picking} selected={selected} onOpen={open} onToggle={toggle} onHold={bulkPossible(section) ? toggle : undefined} />
      );
    }
    return (
      <ListTable section={section} columns={shape} rows={rows} live={live} state={state} view={view} at={at} selected={selected} widths={setting.value?.widths ?? {}}
        onSelect={setSelected} onOpen={open} onSort={(sort) => change({ sort })}
        onWidths={(widths) => setting.set({ ...setting.value, widths })} />
    );
  };

  return (
    <div className="page page-list">
      <div className="page-head">
        <h1>{section.plural}</h1>
        <span className="grow" />
        {narrow ? null : <SearchBox key={cleared} value={state.search} onChange={(text) => change({ search: text }, true)} />}
        <ListTools section={section} query={query} columns={columns} declared={view?.columns ?? []} view={view?.name ?? 'all'}
          onColumns={(next) => setting.set({ ...setting.value, columns: next })} />
        {section.can.create ? (
          <Link href={newPath(section.name)} asChild><Button type="primary" icon={<PlusOutlined />} href={newPath(section.name)} aria-label={t('list.new')}>{cramped ? null : t('list.new')}</Button></Link>
        ) : null}
      </div>
      {narrow ? <div className="page-search"><SearchBox key={cleared} value={state.search} onChange={(text) => change({ search: text }, true)} /></div> : null}
      <div className="page-bars">
        <ViewTabs section={section} view={view?.name ?? 'all'} onView={(next) => change({ view: next === section.lists[0]?.name ? '' : next, sort: null })} />
        <FilterBar section={section} filters={state.filters} onChange={(filters) => change({ filters })} />
        {narrow && !picking && rows.lines.length && bulkPossible(section) ? (
          <Button type="text" size="small" icon={<CheckSquareOutlined />} onClick={() => setChoosing(true)}>{t('list.choose')}</Button>
        ) : null}
      </div>
      <div ref={box} className={rows.first.isPlaceholderData ? 'list-body list-stale' : 'list-body'} aria-busy={rows.first.isFetching}>{body()}</div>
      {selected.length || picking ? (
        <Suspense fallback={null}>
          <BulkBar section={section} query={query} rows={rows.known} selected={selected} total={rows.count} exceeded={rows.exceeded} onSelect={select} />
        </Suspense>
      ) : null}
      {empty || (rows.first.isError && !rows.first.data) ? null : <ListFooter count={rows.count} exceeded={rows.exceeded} busy={rows.first.isPending} waiting={live.waiting} onShow={live.show} />}
    </div>
  );
}

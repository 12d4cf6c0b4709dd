import { useQuery } from '@tanstack/react-query';
import { shownType, useMeta } from '../api/meta';
import type { RowsAnswer } from '../api/odata';
import { queryString, rowTitle, TITLES } from '../api/odata';
import { get } from '../api/http';
import type { Field, Section } from '../api/types';
import { dateFormat } from '../fields/dates';
import { decimalFormat } from '../fields/decimal';
import { useLanguage, useT } from '../i18n';
import type { Filter } from './filter';

/** Titles of chosen records, asked by their numbers. */
export function useTitles(to: string | undefined, ids: string[]): string[] {
  const numbers = ids.filter((id) => /^\d+$/.test(id)).slice(0, 50);
  const query = useQuery({
    queryKey: ['titles', to, numbers.join()],
    queryFn: ({ signal }) => get<RowsAnswer>(`/api/${to}${queryString({ $filter: `id in (${numbers.join(',')})`, $select: 'id', $top: 50 })}`,
      { signal, headers: { Prefer: TITLES } }),
    enabled: Boolean(to) && numbers.length > 0,
    staleTime: 60_000,
  });
  return numbers.map((id) => {
    const row = query.data?.value.find((item) => String(item.id) === id);
    return row ? rowTitle(row) : query.isPending ? '…' : `№ ${id}`;
  });
}

/** A condition as a person would say it: "Stage is Draft, Approval". */
export function FilterWords({ section, field, filter }: { section: Section; field: Field; filter: Filter }) {
  const t = useT();
  const language = useLanguage();
  useMeta();
  const type = shownType(field);
  const titles = useTitles(type === 'lookup' && filter.op === 'in' ? field.to : undefined, type === 'lookup' ? filter.values : []);
  let words: string;
  if (filter.op === 'in') {
    const labels = type === 'lookup' ? titles
      : filter.values.map((value) => (type === 'stage'
        ? section.stages.flatMap((path) => path.stages).find((stage) => stage.name === value)?.label
        : field.values?.find((item) => item.value === value)?.label) ?? value);
    words = labels.length ? labels.join(', ') : '…';
  } else if (filter.op === 'contains' || filter.op === 'eq') {
    words = filter.values[0] ? t(`filter.${filter.op}_words`, { text: filter.values[0] }) : '…';
  } else if (filter.op === 'between') {
    const shown = (text: string | undefined): string => (text ? (type === 'date' || type === 'datetime' ? dateFormat(text, language) : decimalFormat(text, language)) : '');
    const [from, to] = [shown(filter.values[0]), shown(filter.values[1])];
    words = from && to ? `${from} – ${to}` : from ? t('filter.from_words', { from }) : to ? t('filter.to_words', { to }) : '…';
  } else words = t(`filter.${filter.op}`);
  return <><span className="quiet">{field.label}:</span> {words}</>;
}

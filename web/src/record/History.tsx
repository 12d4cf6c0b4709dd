import { useInfiniteQuery } from '@tanstack/react-query';
import Button from 'antd/es/button';
import Skeleton from 'antd/es/skeleton';
import { sectionField, useMeta } from '../api/meta';
import { get } from '../api/http';
import { queryString } from '../api/odata';
import type { HistoryItem, Section } from '../api/types';
import { errorText } from '../app/errors';
import { dateTimeFormat } from '../fields/dates';
import { useLanguage, useT } from '../i18n';
import { ChangeValue } from './ChangeValue';

interface Answer { items: HistoryItem[]; next: string | null }

/** The record's feed: who changed what, from what to what, the newest first. */
export function History({ section, id }: { section: Section; id: number }) {
  const t = useT();
  const meta = useMeta();
  const language = useLanguage();
  const query = useInfiniteQuery({
    queryKey: ['history', section.name, id, meta.language],
    queryFn: ({ pageParam, signal }) => get<Answer>(`/ui/history/${section.name}/${id}${queryString({ before: pageParam })}`, { signal }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next || undefined,
  });
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const words = (item: HistoryItem): string => {
    if (item.kind === 'moved') return t('history.moved', { label: section.moves.find((move) => move.name === item.move)?.label ?? item.move ?? '' });
    if (item.kind === 'ticked' || item.kind === 'reopened') return t(`history.${item.kind}`, { label: item.task ?? '' });
    if (item.detail) return t(`history.line_${item.kind}`, { label: `${meta.sections[item.detail.section]?.label ?? ''} ${item.detail.title ?? ''}`.trim() });
    return t(`history.${item.kind}`);
  };
  return (
    <section className="history" aria-label={t('history.title')}>
      <h2>{t('history.title')}</h2>
      {query.isPending ? <Skeleton active paragraph={{ rows: 4 }} title={false} /> : null}
      {query.isError ? <p role="alert">{errorText(query.error, t)} <Button type="link" size="small" onClick={() => void query.refetch()}>{t('act.retry')}</Button></p> : null}
      {query.data && !items.length ? <p className="quiet">{t('history.none')}</p> : null}
      <ol>
        {items.map((item) => {
          const of = item.detail ? meta.sections[item.detail.section] ?? section : section;
          // A line's pointer to its record says nothing here.
          const own = section.details.find((detail) => detail.section === item.detail?.section)?.by;
          const changes = item.changes.filter((change) => !item.detail || change.field !== own);
          return (
            <li key={item.id} className={`event event-${item.kind}`}>
              <div className="event-head">
                <strong>{item.by?.title || t('history.system')}</strong>{' '}
                <span>{words(item)}</span>
                <time dateTime={item.at} className="quiet">{dateTimeFormat(item.at, language, meta.zone)}</time>
              </div>
              {item.comment ? <blockquote>{item.comment}</blockquote> : null}
              {changes.length ? (
                <dl>
                  {changes.map((change) => (
                    <div key={change.field}>
                      <dt>{change.label}</dt>
                      <dd>
                        {item.kind === 'created' ? null : <><del><ChangeValue section={of} field={sectionField(of, change.field)} value={change.old} /></del><span aria-label={t('history.to')}> → </span></>}
                        <ins><ChangeValue section={of} field={sectionField(of, change.field)} value={change.new} /></ins>
                      </dd>
                    </div>
                  ))}
                </dl>
              ) : null}
            </li>
          );
        })}
      </ol>
      {query.hasNextPage ? <Button block loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{t('history.more')}</Button> : null}
    </section>
  );
}

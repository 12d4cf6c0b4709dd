import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import Alert from 'antd/es/alert';
import Button from 'antd/es/button';
import Progress from 'antd/es/progress';
import Skeleton from 'antd/es/skeleton';
import { useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { get, send } from '../api/http';
import type { ImportColumn, ImportFormat, ImportJob, Section } from '../api/types';
import { errorText } from '../app/errors';
import { listPath } from '../app/paths';
import { TroubleOf } from '../app/Trouble';
import { decimalFormat } from '../fields/decimal';
import { useLanguage, useT } from '../i18n';
import { ImportColumns } from './ImportColumns';
import { ImportFormatForm } from './ImportFormatForm';
import { ImportResult } from './ImportResult';

const GOING = ['detecting', 'checking', 'running'];
/** What cuts the file into columns: when one of these changes, the server reads the columns again. */
const CUTS = ['encoding', 'separator', 'quote', 'sheet', 'header_row'] as const;

/** One import from what was found in the file to what became of it; goes on in the background when the page is left. */
export function ImportJobView({ section, id }: { section: Section; id: number }) {
  const t = useT();
  const language = useLanguage();
  const client = useQueryClient();
  const [format, setFormat] = useState<ImportFormat | null>(null);
  const [columns, setColumns] = useState<ImportColumn[] | null>(null);
  const [key, setKey] = useState<string | null>(null);
  const [edited, setEdited] = useState(false);
  const query = useQuery({
    queryKey: ['import', id],
    queryFn: ({ signal }) => get<ImportJob>(`/ui/import/${id}`, { signal }),
    refetchInterval: (state) => (state.state.data && GOING.includes(state.state.data.state) ? 700 : false),
    staleTime: 0,
  });
  const job = query.data;

  const taken = useRef<ImportJob | null>(null);
  useEffect(() => {
    if (!job?.columns || GOING.includes(job.state) || taken.current === job) return;
    taken.current = job;
    setFormat(job.format ?? null);
    setColumns(job.columns);
    setKey(job.key ?? null);
  }, [job]);

  const run = useMutation({
    mutationFn: (dry: boolean) => send('POST', `/ui/import/${id}/run`, { dry, columns: columns ?? [], key, ...(format ? { format } : {}) }),
    onSuccess: () => {
      setEdited(false);
      client.setQueryData(['import', id], (before: ImportJob | undefined) => (before ? { ...before, state: 'checking', done: 0 } : before));
      void query.refetch();
    },
  });
  const recut = useMutation({
    mutationFn: (changed: ImportFormat) => send('POST', `/ui/import/${id}/preview`, { columns: columns ?? [], key, format: changed }),
    onSuccess: () => {
      setEdited(true);
      client.setQueryData(['import', id], (before: ImportJob | undefined) => (before ? { ...before, state: 'detecting', done: 0 } : before));
      void query.refetch();
    },
  });
  const cancel = useMutation({ mutationFn: () => send('POST', `/ui/import/${id}/cancel`), onSettled: () => void query.refetch() });
  const finished = job?.state === 'done' && !job.dry;
  useEffect(() => {
    if (finished) void client.invalidateQueries({ queryKey: ['rows', section.name] });
  }, [finished, client, section.name]);

  if (query.isPending) return <Skeleton active title={false} paragraph={{ rows: 4 }} />;
  if (query.isError || !job) return <TroubleOf error={query.error} retry={() => void query.refetch()} />;
  const going = GOING.includes(job.state);
  const rows = job.rows ?? 0;
  const done = job.done ?? 0;
  const checked = !going && done > 0 && !finished;
  const mapped = (columns ?? []).some((column) => column.to && column.to !== 'id');
  const fault = job.error ? (typeof job.error === 'string' ? job.error : job.error.message) : null;
  const change = <T,>(set: (value: T) => void) => (value: T): void => {
    set(value);
    setEdited(true);
  };

  const changeFormat = (changed: ImportFormat): void => {
    if (format && CUTS.some((name) => (changed[name] ?? null) !== (format[name] ?? null))) recut.mutate(changed);
    else change(setFormat)(changed);
  };

  return (
    <div className="import">
      {fault || job.state === 'failed' ? <Alert type="error" showIcon title={fault ?? t('error.failed')} role="alert" /> : null}
      {run.isError ? <Alert type="error" showIcon title={errorText(run.error, t)} role="alert" /> : null}
      {recut.isError ? <Alert type="error" showIcon title={errorText(recut.error, t)} role="alert" /> : null}
      {job.state === 'cancelled' ? <Alert type="warning" showIcon title={t('import.cancelled', { number: decimalFormat(done, language) })} /> : null}
      {going ? (
        <section className="import-going" aria-live="polite">
          <h2>{t(`import.${job.state}`)}</h2>
          <Progress percent={rows ? Math.floor((done / rows) * 100) : 0} status="active" aria-label={t(`import.${job.state}`)} />
          <p className="quiet">{rows ? t('import.progress', { done: decimalFormat(done, language), rows: decimalFormat(rows, language) }) : t('state.loading')}</p>
          {job.state === 'detecting' ? null : <Button onClick={() => cancel.mutate()} loading={cancel.isPending}>{t('import.stop')}</Button>}
        </section>
      ) : null}
      {finished || checked ? <ImportResult job={job} dry={!finished} stale={edited} /> : null}
      {finished ? <p><Link href={listPath(section.name)}>{t('import.to_list', { label: section.plural })}</Link></p> : null}
      {!going && !finished && columns && format ? (
        <>
          <ImportFormatForm format={format} rows={rows} onChange={changeFormat} />
          <ImportColumns section={section} columns={columns} rows={rows} keyField={key} onColumns={change(setColumns)} onKey={change(setKey)} />
          <div className="savebar" role="region" aria-label={t('import.acts')}>
            <span className="grow quiet">{!mapped ? t('import.nothing_mapped') : checked && !edited ? t('import.checked') : t('import.check_first')}</span>
            <Button disabled={!mapped || recut.isPending} loading={run.isPending} onClick={() => run.mutate(true)}>{t('import.check')}</Button>
            <Button type="primary" disabled={!mapped || run.isPending || recut.isPending} onClick={() => run.mutate(false)}>{t('import.run')}</Button>
          </div>
        </>
      ) : null}
    </div>
  );
}

import Alert from 'antd/es/alert';
import type { ImportJob } from '../api/types';
import { decimalFormat } from '../fields/decimal';
import { useLanguage, useT } from '../i18n';

const COUNTS = ['created', 'updated', 'unchanged', 'rejected'] as const;

/** What a trial would do, or what a run did, with every reason for a refused row. */
export function ImportResult({ job, dry, stale }: { job: ImportJob; dry: boolean; stale: boolean }) {
  const t = useT();
  const language = useLanguage();
  const rejected = job.rejected ?? 0;
  return (
    <section className={stale ? 'import-result list-stale' : 'import-result'} aria-label={t(dry ? 'import.trial' : 'import.done')}>
      <h2>{t(dry ? 'import.trial' : 'import.done')}</h2>
      <dl className="counts">
        {COUNTS.map((name) => (
          <div key={name} className={name === 'rejected' && rejected ? 'count-bad' : ''}><dt>{t(`import.${dry ? 'will_' : ''}${name}`)}</dt><dd className="figures">{decimalFormat(job[name] ?? 0, language)}</dd></div>
        ))}
      </dl>
      {rejected ? (
        <>
          <Alert type="warning" showIcon title={t('import.rejected_text', { count: rejected })} action={<a href={`/ui/import/${job.id}/rejected`} download>{t('import.rejected_file')}</a>} />
          <div className="detail-scroll import-errors">
            <table className="lines">
              <thead><tr><th scope="col" className="right">{t('import.row')}</th><th scope="col">{t('import.column')}</th><th scope="col">{t('import.reason')}</th></tr></thead>
              <tbody>
                {(job.errors ?? []).map((error, place) => <tr key={place}><td className="right figures">{error.row}</td><td>{error.column}</td><td>{error.reason}</td></tr>)}
              </tbody>
            </table>
          </div>
          {rejected > (job.errors?.length ?? 0) ? <p className="quiet">{t('import.rejected_first', { number: decimalFormat(job.errors?.length ?? 0, language) })}</p> : null}
        </>
      ) : null}
    </section>
  );
}

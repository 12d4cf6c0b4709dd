import PlusOutlined from '@ant-design/icons/es/icons/PlusOutlined';
import Button from 'antd/es/button';
import Skeleton from 'antd/es/skeleton';
import { Link } from 'wouter';
import { isNumeric, sectionField, shownType } from '../api/meta';
import { rowTitle } from '../api/odata';
import type { Section } from '../api/types';
import { listPath, newPath, recordPath } from '../app/paths';
import { TroubleOf } from '../app/Trouble';
import { Value } from '../fields/Value';
import { useT } from '../i18n';
import { useCalm, useLive } from '../live/useLive';
import { filterEncode } from '../list/filter';
import type { DetailProps } from './DetailBox';
import { detailColumns, useDetail } from './useDetail';

const SHOWN = 20;
const PAUSE = 3_000;
/** What is not broken into lines. */
const TIGHT = ['autonumber', 'date', 'datetime', 'duration', 'phone'];

/** Records that point here: a table with links, and a way to add one. */
export function LinkedDetail({ detail, recordId, target }: DetailProps & { target: Section }) {
  const t = useT();
  const columns = detailColumns(detail, target);
  const query = useDetail(detail, target, columns, recordId);
  const rows = query.data?.value ?? [];
  const look = useCalm(() => void query.refetch(), PAUSE);
  useLive(query.data ? target.name : null, rows.slice(0, SHOWN).map((row) => Number(row.id)), look);
  const count = query.data?.['@odata.count'] ?? rows.length;
  const fields = columns.map((name) => sectionField(target, name)).filter((field) => field !== undefined);
  const path = recordId === null ? '' : newPath(target.name, { [`${detail.by}_id`]: recordId });
  return (
    <section className="detail" data-field={detail.name} aria-label={detail.label}>
      <div className="detail-head">
        <h2>{detail.label} {count ? <span className="quiet">{count}</span> : null}</h2>
        {target.can.create && path ? <Link href={path} asChild><Button size="small" icon={<PlusOutlined />} href={path}>{t('detail.add')}</Button></Link> : null}
      </div>
      {query.isPending ? <Skeleton active title={false} paragraph={{ rows: 2 }} /> : null}
      {query.isError ? <TroubleOf error={query.error} retry={() => void query.refetch()} /> : null}
      {query.data && !rows.length ? <p className="quiet">{t('detail.none')}</p> : null}
      {rows.length ? (
        <div className="detail-scroll">
          <table className="lines row-cards">
            <thead><tr>{fields.map((field) => <th key={field.name} scope="col" className={isNumeric(field) ? 'right' : ''}>{field.label}</th>)}</tr></thead>
            <tbody>
              {rows.slice(0, SHOWN).map((row) => (
                <tr key={String(row.id)}>
                  {fields.map((field, place) => (
                    <td key={field.name} data-label={field.label} className={isNumeric(field) ? 'right' : TIGHT.includes(shownType(field)) ? 'tight' : ''}>
                      {place === 0 ? <Link href={recordPath(target.name, Number(row.id))}><LinkText section={target} field={field} row={row} /></Link> : <Value section={target} field={field} row={row} />}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      {count > SHOWN && recordId !== null && !target.owned_by ? (
        <Link href={listPath(target.name, `?f=${encodeURIComponent(filterEncode({ field: detail.by, op: 'in', values: [String(recordId)] }))}`)}>{t('detail.all', { count })}</Link>
      ) : null}
    </section>
  );
}

function LinkText({ section, field, row }: { section: Section; field: Parameters<typeof Value>[0]['field']; row: Parameters<typeof Value>[0]['row'] }) {
  const empty = row[field.name] === null || row[field.name] === undefined || row[field.name] === '';
  return empty && field.type !== 'lookup' ? rowTitle(row) : <Value section={section} field={field} row={row} />;
}

import DeleteOutlined from '@ant-design/icons/es/icons/DeleteOutlined';
import EditOutlined from '@ant-design/icons/es/icons/EditOutlined';
import PlusOutlined from '@ant-design/icons/es/icons/PlusOutlined';
import UndoOutlined from '@ant-design/icons/es/icons/UndoOutlined';
import Alert from 'antd/es/alert';
import Button from 'antd/es/button';
import Skeleton from 'antd/es/skeleton';
import { useLayoutEffect, useRef, useState } from 'react';
import { fieldCurrency, isNumeric, sectionField, shownType, useMeta } from '../api/meta';
import type { Field, Row, Section } from '../api/types';
import { TroubleOf } from '../app/Trouble';
import { decimalFormat, decimalSum, moneyFormat } from '../fields/decimal';
import { Editor } from '../fields/Editor';
import { Value } from '../fields/Value';
import { useLanguage, useT } from '../i18n';
import type { DetailProps } from './DetailBox';
import { fieldInput, NO_DETAIL, plain } from './draft';
import { detailColumns, MOST_LINES, useDetail } from './useDetail';

interface Line { key: string; id: number | null; row: Row; removed: boolean; fresh: boolean }

/** Lines that live with their record: edited in place, saved with it, totals beneath. */
export function OwnedDetail({ detail, form, recordId, editing, scope, target }: DetailProps & { target: Section }) {
  const t = useT();
  const meta = useMeta();
  const language = useLanguage();
  const counter = useRef(0);
  const [open, setOpen] = useState<string[]>([]);
  const columns = detailColumns(detail, target);
  const query = useDetail(detail, target, columns, recordId);
  const fields = columns.map((name) => sectionField(target, name)).filter((field) => field !== undefined);
  const draft = form.draft.details[detail.name] ?? NO_DETAIL;
  const faults = form.faults.lines[detail.name] ?? {};
  const kept = query.data?.value ?? [];
  const whole = (query.data?.['@odata.count'] ?? kept.length) <= MOST_LINES;

  const lines: Line[] = [
    ...kept.map((row) => {
      const id = Number(row.id);
      return { key: String(id), id, row: { ...row, ...draft.changed[id] }, removed: draft.removed.includes(id), fresh: false };
    }),
    ...draft.added.map(({ key, row }) => ({ key, id: null, row, removed: false, fresh: true })),
  ];
  const may = form.may && (recordId === null || target.can.update || target.can.create);
  const editable = (field: Field): boolean => may && fieldInput(field) && field.writable !== false && field.readonly !== true;

  const set = (line: Line, change: Row): void => {
    if (line.fresh) {
      form.changeDetail(detail.name, { ...draft, added: draft.added.map((item) => (item.key === line.key ? { ...item, row: { ...item.row, ...change } } : item)) });
    } else if (line.id !== null) {
      form.changeDetail(detail.name, { ...draft, changed: { ...draft.changed, [line.id]: { ...draft.changed[line.id], ...change } } });
    }
  };
  // The new line takes the cursor as soon as it is there, before anything is typed.
  const added = useRef('');
  useLayoutEffect(() => {
    const input = added.current && document.querySelector<HTMLElement>(`#${scope}-${detail.name} tr[data-line="${added.current}"] input`);
    if (!input) return;
    added.current = '';
    input.focus();
  });
  const add = (): void => {
    counter.current += 1;
    const key = `new${counter.current}`;
    form.changeDetail(detail.name, { ...draft, added: [...draft.added, { key, row: {} }] });
    setOpen((before) => [...before, key]);
    added.current = key;
  };
  const remove = (line: Line): void => {
    if (line.fresh) form.changeDetail(detail.name, { ...draft, added: draft.added.filter((item) => item.key !== line.key) });
    else if (line.id !== null) {
      const removed = line.removed ? draft.removed.filter((id) => id !== line.id) : [...draft.removed, line.id];
      form.changeDetail(detail.name, { ...draft, removed });
    }
  };
  const total = (field: Field): string => {
    const sum = decimalSum(lines.filter((line) => !line.removed).map((line) => line.row[field.name]));
    if (shownType(field) !== 'money') return decimalFormat(sum, language);
    const currencies = new Set(lines.map((line) => fieldCurrency(field, line.row, meta.currency)));
    return currencies.size > 1 ? '' : moneyFormat(sum, language, [...currencies][0] ?? meta.currency, field.scale ?? 2);
  };
  const totalled = fields.filter((field) => isNumeric(field) && shownType(field) !== 'percent');
  const acts = may && whole;

  return (
    <section className="detail" id={`${scope}-${detail.name}`} data-field={detail.name} aria-label={detail.label}>
      <div className="detail-head">
        <h3>{detail.label} {lines.length ? <span className="quiet">{lines.filter((line) => !line.removed).length}</span> : null}</h3>
        {acts && target.can.create !== false ? <Button size="small" icon={<PlusOutlined />} onClick={add}>{t('detail.add_line')}</Button> : null}
      </div>
      {faults['']?.[''] ? <Alert type="error" showIcon title={faults['']['']} /> : null}
      {!whole ? <Alert type="info" showIcon title={t('detail.partial', { count: MOST_LINES })} /> : null}
      {recordId !== null && query.isPending ? <Skeleton active title={false} paragraph={{ rows: 2 }} /> : null}
      {query.isError ? <TroubleOf error={query.error} retry={() => void query.refetch()} /> : null}
      {!lines.length && (query.data || recordId === null) ? <p className="quiet">{t('detail.none')}</p> : null}
      {lines.length ? (
        <div className="detail-scroll">
          <table className="lines lines-edited">
            <thead>
              <tr>
                {fields.map((field) => (
                  <th key={field.name} scope="col" className={isNumeric(field) ? 'right' : ''}>
                    {field.label}{field.required === true && editable(field) ? <span className="must" aria-hidden="true">*</span> : null}
                  </th>
                ))}
                {acts ? <th className="lines-acts"><span className="hidden">{t('detail.acts')}</span></th> : null}
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => {
                const fault = faults[line.key] ?? {};
                const writing = !line.removed && acts && (editing || line.fresh || open.includes(line.key) || Object.keys(fault).length > 0);
                return (
                  <tr key={line.key} data-line={line.key} className={line.removed ? 'line-removed' : line.fresh || (line.id !== null && draft.changed[line.id]) ? 'line-changed' : ''}>
                    {fields.map((field) => {
                      const wrong = fault[field.name];
                      const id = `${scope}-${detail.name}-${line.key}-${field.name}`;
                      return (
                        <td key={field.name} className={`${isNumeric(field) ? 'right ' : ''}${writing && editable(field) ? `writing-${shownType(field)}` : ''}`}
                          onDoubleClick={() => acts && !line.removed && setOpen((before) => [...new Set([...before, line.key])])}>
                          {writing && editable(field) ? (
                            <>
                              <label className="hidden" htmlFor={id}>{field.label}</label>
                              <Editor id={id} section={target} field={field} row={line.row} draft={{ ...plain(line.row), ...(recordId ? { [`${detail.by}_id`]: recordId } : {}) }}
                                recordId={line.id} invalid={Boolean(wrong)} describedBy={wrong ? `${id}-fault` : undefined} onChange={(change) => set(line, change)} inline />
                              {wrong ? <div id={`${id}-fault`} className="fault" role="alert">{wrong}</div> : null}
                            </>
                          ) : <Value section={target} field={field} row={line.row} recordId={line.id} links />}
                        </td>
                      );
                    })}
                    {acts ? (
                      <td className="lines-acts">
                        {writing || line.removed ? null : <Button type="text" size="small" icon={<EditOutlined />} aria-label={t('detail.edit_line')} onClick={() => setOpen((before) => [...before, line.key])} />}
                        <Button type="text" size="small" icon={line.removed ? <UndoOutlined /> : <DeleteOutlined />} aria-label={t(line.removed ? 'detail.restore_line' : 'detail.remove_line')} onClick={() => remove(line)} />
                        {fault[''] ? <div className="fault" role="alert">{fault['']}</div> : null}
                      </td>
                    ) : null}
                  </tr>
                );
              })}
            </tbody>
            {totalled.length && lines.length > 1 ? (
              <tfoot>
                <tr>
                  {fields.map((field, place) => (
                    <td key={field.name} className={isNumeric(field) ? 'right figures' : ''}>{totalled.includes(field) ? total(field) : place === 0 ? t('detail.total') : ''}</td>
                  ))}
                  {acts ? <td className="lines-acts" /> : null}
                </tr>
              </tfoot>
            ) : null}
          </table>
        </div>
      ) : null}
    </section>
  );
}

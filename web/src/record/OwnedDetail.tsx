import DeleteOutlined from '@ant-design/icons/es/icons/DeleteOutlined';
import EditOutlined from '@ant-design/icons/es/icons/EditOutlined';
import ExpandAltOutlined from '@ant-design/icons/es/icons/ExpandAltOutlined';
import PlusOutlined from '@ant-design/icons/es/icons/PlusOutlined';
import UndoOutlined from '@ant-design/icons/es/icons/UndoOutlined';
import Alert from 'antd/es/alert';
import Button from 'antd/es/button';
import Skeleton from 'antd/es/skeleton';
import { lazy, Suspense, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { fieldCurrency, isNumeric, sectionField, shownType, useMeta } from '../api/meta';
import type { Field, Row, Section } from '../api/types';
import { useNarrow } from '../app/narrow';
import { TroubleOf } from '../app/Trouble';
import { decimalFormat, decimalSum, moneyFormat } from '../fields/decimal';
import { Editor } from '../fields/Editor';
import type { Parent } from '../fields/LookupSelect';
import { isEmpty, Value } from '../fields/Value';
import { useLanguage, useT } from '../i18n';
import type { DetailProps } from './DetailBox';
import { fieldFlags, fieldInput, NO_DETAIL, plain } from './draft';
import type { LineState } from './lines';
import { lineColumns, lineFields, MOST_LINES, useDetail, useLines } from './useDetail';

const LineCard = lazy(() => import('./LineCard'));

export interface Line { key: string; id: number | null; row: Row; typed: Row; state: LineState | undefined; removed: boolean; fresh: boolean }

/** Lines that live with their record: edited in place, saved with it, totals beneath. */
export function OwnedDetail({ detail, form, recordId, editing, scope, target }: DetailProps & { target: Section }) {
  const t = useT();
  const meta = useMeta();
  const language = useLanguage();
  const narrow = useNarrow();
  const counter = useRef(0);
  const [open, setOpen] = useState<string[]>([]);
  const [card, setCard] = useState<string | null>(null);
  const [read, setRead] = useState<number[]>([]);
  const columns = lineColumns(detail, target);
  // Columns show the most telling fields; when there are more, a line opens as a card with all of them.
  const every = lineFields(detail, target);
  const beyond = every.filter((field) => !columns.includes(field.name));
  const query = useDetail(detail, target, columns, recordId);
  const states = form.lines[detail.name];
  const draft = form.draft.details[detail.name] ?? NO_DETAIL;
  const faults = form.faults.lines[detail.name] ?? {};
  const whole = useLines(detail, target, read);
  const one = card !== null && /^\d+$/.test(card) ? whole[read.indexOf(Number(card))] : undefined;
  const rows = useMemo(() => {
    const more = new Map(whole.flatMap((line): [Row['id'], Row][] => (line.data ? [[line.data.id, line.data]] : [])));
    return query.data?.value.map((row) => (more.has(row.id) ? { ...more.get(row.id), ...row } : row));
  }, [query.data, whole.map((line) => line.dataUpdatedAt).join()]);
  const kept = rows ?? [];
  const complete = (query.data?.['@odata.count'] ?? kept.length) <= MOST_LINES;

  const { keepLines } = form;
  useEffect(() => {
    if (rows) keepLines(detail.name, rows);
  }, [keepLines, detail.name, rows]);

  const lines: Line[] = [
    ...kept.map((row) => {
      const id = Number(row.id);
      const state = states?.[String(id)];
      const typed = draft.changed[id] ?? {};
      return { key: String(id), id, row: { ...row, ...state?.shown, ...typed }, typed, state, removed: draft.removed.includes(id), fresh: false };
    }),
    ...draft.added.map(({ key, row }) => ({ key, id: null, row: { ...states?.[key]?.shown, ...row }, typed: row, state: states?.[key], removed: false, fresh: true })),
  ];
  const there = lines.filter((line) => !line.removed);
  const may = form.may && (recordId === null || target.can.update || target.can.create);
  const flags = (line: Line, field: Field) => fieldFlags(field, line.state?.fields);
  const editable = (line: Line, field: Field): boolean => may && line.state?.may !== false && fieldInput(field) && field.writable !== false && !flags(line, field).readonly;
  const must = (line: Line, field: Field): boolean => flags(line, field).required && editable(line, field);
  // A column that every line hides is not there; where some show it, the others have an empty cell.
  const fields = columns.map((name) => sectionField(target, name)).filter((field) => field !== undefined)
    .filter((field) => (there.length ? there.some((line) => !flags(line, field).hidden) : field.hidden !== true));
  const mustAll = (field: Field): boolean => there.length > 0 && there.every((line) => flags(line, field).hidden || must(line, field));

  const set = (line: Line, change: Row): void => form.changeLine(detail.name, line.key, change);
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
    // What must be filled and has no column is asked for at once.
    if (beyond.some((field) => field.required === true && fieldInput(field) && field.writable !== false)) setCard(key);
    else added.current = key;
  };
  const remove = (line: Line): void => {
    if (line.fresh) form.changeDetail(detail.name, { ...draft, added: draft.added.filter((item) => item.key !== line.key) });
    else if (line.id !== null) {
      const removed = line.removed ? draft.removed.filter((id) => id !== line.id) : [...draft.removed, line.id];
      form.changeDetail(detail.name, { ...draft, removed });
    }
  };
  const show = (line: Line): void => {
    const { id } = line;
    if (id !== null) setRead((before) => (before.includes(id) ? before : [...before, id]));
    setCard(line.key);
  };
  const total = (field: Field): string => {
    const sum = decimalSum(there.filter((line) => !flags(line, field).hidden).map((line) => line.row[field.name]));
    if (shownType(field) !== 'money') return decimalFormat(sum, language);
    const currencies = new Set(there.map((line) => fieldCurrency(field, line.row, meta.currency)));
    return currencies.size > 1 ? '' : moneyFormat(sum, language, [...currencies][0] ?? meta.currency, field.scale ?? 2);
  };
  const more = beyond.length > 0;
  const totalled = fields.filter((field) => isNumeric(field) && shownType(field) !== 'percent');
  const opened = card === null ? undefined : lines.find((line) => line.key === card);
  const parent: Parent = { ...(recordId === null ? {} : { id: recordId }), values: plain(form.draft.values) };
  const acts = may && complete;

  return (
    <section className="detail" id={`${scope}-${detail.name}`} data-field={detail.name} aria-label={detail.label}>
      <div className="detail-head">
        <h2>{detail.label} {lines.length ? <span className="quiet">{there.length}</span> : null}</h2>
        {acts && target.can.create !== false ? <Button size="small" icon={<PlusOutlined />} onClick={add}>{t('detail.add_line')}</Button> : null}
      </div>
      {faults['']?.[''] ? <Alert type="error" showIcon title={faults['']['']} /> : null}
      {!complete ? <Alert type="info" showIcon title={t('detail.partial', { count: MOST_LINES })} /> : null}
      {recordId !== null && query.isPending ? <Skeleton active title={false} paragraph={{ rows: 2 }} /> : null}
      {query.isError ? <TroubleOf error={query.error} retry={() => void query.refetch()} /> : null}
      {!lines.length && (query.data || recordId === null) ? <p className="quiet">{t('detail.none')}</p> : null}
      {lines.length ? (
        <div className="detail-scroll">
          <table className={`lines lines-edited${narrow ? ' lines-cards' : fields.length > 5 ? ' lines-wide' : ''}`}>
            <thead>
              <tr>
                {fields.map((field) => (
                  <th key={field.name} scope="col" className={isNumeric(field) ? 'right' : ''}>
                    {field.label}{mustAll(field) ? <span className="must" aria-hidden="true">*</span> : null}
                  </th>
                ))}
                {more || acts ? <th className="lines-acts"><span className="hidden">{t('detail.acts')}</span></th> : null}
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => {
                const fault = faults[line.key] ?? {};
                const writing = !line.removed && acts && line.state?.may !== false && (editing || line.fresh || open.includes(line.key) || Object.keys(fault).length > 0);
                const shown = fields.filter((field) => !flags(line, field).hidden);
                // What is wrong in a field that is not shown is told of the line.
                const rest = Object.entries(fault).filter(([name]) => !shown.some((field) => field.name === name)).map(([name, message]) => {
                  const field = beyond.find((item) => item.name === name);
                  return field ? `${field.label}: ${message}` : message;
                });
                return (
                  <tr key={line.key} data-line={line.key} className={line.removed ? 'line-removed' : line.fresh || (line.id !== null && draft.changed[line.id]) ? 'line-changed' : ''}>
                    {fields.map((field) => (
                      <LineCell key={field.name} field={field} line={line} target={target} label={narrow} writing={writing} editable={editable(line, field)} hidden={flags(line, field).hidden}
                        must={must(line, field)} marked={narrow || !mustAll(field)} id={`${scope}-${detail.name}-${line.key}-${field.name}`} wrong={fault[field.name]}
                        parent={parent} onChange={(change) => set(line, change)}
                        onOpen={() => acts && !line.removed && setOpen((before) => [...new Set([...before, line.key])])} />
                    ))}
                    {more || acts ? (
                      <td className="lines-acts">
                        {!acts || writing || line.removed || line.state?.may === false ? null : <Button type="text" size="small" icon={<EditOutlined />} aria-label={t('detail.edit_line')} onClick={() => setOpen((before) => [...before, line.key])} />}
                        {more && !line.removed ? <Button type="text" size="small" icon={<ExpandAltOutlined />} aria-label={t('detail.open_line')} onClick={() => show(line)} /> : null}
                        {acts ? <Button type="text" size="small" icon={line.removed ? <UndoOutlined /> : <DeleteOutlined />} aria-label={t(line.removed ? 'detail.restore_line' : 'detail.remove_line')} onClick={() => remove(line)} /> : null}
                        {rest.map((message) => <div key={message} className="fault" role="alert">{message}</div>)}
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
                    <td key={field.name} className={isNumeric(field) ? 'right figures' : ''}>
                      {narrow && totalled.includes(field) ? <span className="cell-label">{t('detail.total')}: {field.label}</span> : null}
                      {totalled.includes(field) ? total(field) : place === 0 && !narrow ? t('detail.total') : ''}
                    </td>
                  ))}
                  {more || acts ? <td className="lines-acts" /> : null}
                </tr>
              </tfoot>
            ) : null}
          </table>
        </div>
      ) : null}
      {opened ? (
        <Suspense fallback={null}>
          <LineCard target={target} title={target.label} line={opened} fields={every.filter((field) => !flags(opened, field).hidden)} scope={`${scope}-${detail.name}-card`} parent={parent} faults={faults[opened.key] ?? {}}
            waiting={one?.isPending ?? false} error={one?.isError && !one.data ? one.error : null} retry={() => void one?.refetch()}
            editable={(field) => acts && editable(opened, field)} must={(field) => must(opened, field)} onChange={(change) => set(opened, change)} onClose={() => setCard(null)} />
        </Suspense>
      ) : null}
    </section>
  );
}

interface CellProps {
  field: Field;
  line: Line;
  target: Section;
  label: boolean;
  writing: boolean;
  editable: boolean;
  hidden: boolean;
  must: boolean;
  marked: boolean;
  id: string;
  wrong: string | undefined;
  parent: Parent;
  onChange: (change: Row) => void;
  onOpen: () => void;
}

/** One value of a line: read, or typed where the line is open and rules let it. */
function LineCell({ field, line, target, label, writing, editable, hidden, must, marked, id, wrong, parent, onChange, onOpen }: CellProps) {
  const t = useT();
  const typing = writing && editable;
  const kind = [isNumeric(field) ? 'right' : '', typing ? `writing-${shownType(field)}` : writing ? (fieldInput(field) ? 'cell-beside cell-readonly' : 'cell-beside') : '', hidden || (!typing && isEmpty(field, line.row)) ? 'cell-empty' : ''];
  if (hidden) return <td className={kind.filter(Boolean).join(' ')} data-column={field.name} />;
  return (
    <td className={kind.filter(Boolean).join(' ')} data-column={field.name} onDoubleClick={onOpen}>
      {label ? <span className="cell-label" aria-hidden={typing}>{field.label}{typing && must ? <span className="must" aria-hidden="true">*</span> : null}</span> : null}
      {typing ? (
        <>
          <label className="hidden" htmlFor={id}>{field.label}{must ? `, ${t('field.must')}` : ''}</label>
          {must && marked && !label ? <span className="must must-cell" title={t('field.must')} aria-hidden="true">*</span> : null}
          <Editor id={id} section={target} field={field} row={line.row} draft={plain(line.typed)} recordId={line.id} parent={parent} invalid={Boolean(wrong)} required={must}
            describedBy={wrong ? `${id}-fault` : undefined} onChange={onChange} inline />
          {wrong ? <div id={`${id}-fault`} className="fault" role="alert">{wrong}</div> : null}
        </>
      ) : <Value section={target} field={field} row={line.row} recordId={line.id} links />}
    </td>
  );
}

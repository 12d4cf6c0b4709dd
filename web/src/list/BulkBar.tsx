import CloseOutlined from '@ant-design/icons/es/icons/CloseOutlined';
import Alert from 'antd/es/alert';
import Button from 'antd/es/button';
import Dropdown from 'antd/es/dropdown';
import Modal from 'antd/es/modal';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { send } from '../api/http';
import type { BulkAnswer, Move, Row, Section } from '../api/types';
import { errorText } from '../app/errors';
import { useNarrow } from '../app/narrow';
import { useNotes } from '../app/notesContext';
import { recordPath } from '../app/paths';
import { useT } from '../i18n';
import { DeleteDialog } from '../record/DeleteDialog';
import { MoveDialog } from '../record/MoveDialog';
import { bulkFields, bulkMoves, MOST_SELECTED } from './bulk';
import { BulkChange } from './BulkChange';
import { putBack, rowsNow, undoPlan } from './undo';
import type { ListQuery } from './useRows';
import { fetchRows } from './useRows';

const NAMED = 5;

interface Props { section: Section; query: ListQuery; rows: Map<number, Row>; selected: number[]; total: number; exceeded: boolean; onSelect: (ids: number[]) => void }

/** What can be done to all chosen records; each succeeds or fails for itself and the failures are shown. Nothing chosen ends the choosing. */
export default function BulkBar({ section, query, rows, selected, total, exceeded, onSelect }: Props) {
  const t = useT();
  const client = useQueryClient();
  const notes = useNotes();
  const [act, setAct] = useState<'change' | 'delete' | Move | null>(null);
  const [failed, setFailed] = useState<BulkAnswer | null>(null);
  const fields = bulkFields(section);
  const narrow = useNarrow();
  const moves = bulkMoves(section, selected, rows);
  const none = selected.length === 0;

  const finish = (answer: BulkAnswer, doneKey: string, undo?: () => void): void => {
    setAct(null);
    void client.invalidateQueries({ queryKey: ['rows', section.name] });
    if (answer.done && undo) notes.undoable(t(doneKey, { count: answer.done }), undo);
    else if (answer.done) notes.done(t(doneKey, { count: answer.done }));
    if (answer.failed.length) setFailed(answer);
    else onSelect([]);
  };
  const bulk = useMutation({
    mutationFn: (body: Record<string, unknown>) => send<BulkAnswer>('POST', `/ui/bulk/${section.name}`, { ids: selected, ...body }),
    onSuccess: (answer) => finish(answer, 'bulk.changed'),
    onError: (error) => notes.refused(errorText(error, t)),
  });
  const change = useMutation({
    mutationFn: async (values: Row) => {
      const before = await rowsNow(section.name, selected, Object.keys(values)).catch(() => new Map<number, Row>());
      const answer = await send<BulkAnswer>('POST', `/ui/bulk/${section.name}`, { ids: selected, action: 'update', values });
      const failed = new Set(answer.failed.map((item) => item.id));
      const changed = selected.filter((id) => !failed.has(id) && before.has(id));
      const after = await rowsNow(section.name, changed, Object.keys(values)).catch(() => new Map<number, Row>());
      return { answer, plan: undoPlan(before, after, values) };
    },
    onSuccess: ({ answer, plan }) => {
      finish(answer, 'bulk.changed', plan.length ? () => void putBack(section.name, plan).then(({ done, failed: kept }) => {
        void client.invalidateQueries({ queryKey: ['rows', section.name] });
        if (done) notes.done(t('bulk.undone', { count: done }));
        if (kept.length) notes.refused(t('bulk.undo_failed', { count: kept.length, titles: kept.slice(0, NAMED).join(', ') }));
      }) : undefined);
    },
    onError: (error) => notes.refused(errorText(error, t)),
  });
  const all = useMutation({
    mutationFn: () => fetchRows(section.name, { ...query, $select: 'id', $expand: null }, 0, MOST_SELECTED, false),
    onSuccess: (answer) => onSelect(answer.value.map((row) => Number(row.id))),
    onError: (error) => notes.refused(errorText(error, t)),
  });
  const move = (item: Move): void => {
    if (item.comment) setAct(item);
    else bulk.mutate({ action: 'move', move: item.name });
  };

  return (
    <div className="bulk" role="region" aria-label={t('bulk.label')}>
      <strong>{selected.length ? t('list.selected', { count: selected.length }) : t('bulk.which')}</strong>
      {selected.length < Math.min(total, MOST_SELECTED) ? (
        <Button type="link" size="small" loading={all.isPending} onClick={() => all.mutate()}>{t(exceeded || total > MOST_SELECTED ? 'bulk.first' : 'bulk.all', { count: Math.min(total, MOST_SELECTED) })}</Button>
      ) : null}
      <span className="grow" />
      {narrow ? <Button type="text" icon={<CloseOutlined />} aria-label={t('bulk.none')} onClick={() => onSelect([])} /> : null}
      <div className="bulk-acts">
        {section.can.update && fields.length ? <Button size="small" disabled={none} onClick={() => setAct('change')}>{t('bulk.change')}</Button> : null}
        {moves.length ? (
          <Dropdown trigger={['click']} disabled={none} menu={{ items: moves.map((item) => ({ key: item.name, label: item.label })), onClick: ({ key }) => {
            const item = moves.find((one) => one.name === key);
            if (item) move(item);
          } }}><Button size="small" disabled={none} loading={bulk.isPending}>{t('bulk.move')}</Button></Dropdown>
        ) : null}
        {section.can.delete ? <Button size="small" danger disabled={none} onClick={() => setAct('delete')}>{t('act.delete')}</Button> : null}
        {narrow ? null : <Button size="small" type="text" onClick={() => onSelect([])}>{t('bulk.none')}</Button>}
      </div>

      {act === 'change' ? <BulkChange section={section} fields={fields} count={selected.length} busy={change.isPending} onClose={() => setAct(null)} onDone={(values) => change.mutate(values)} /> : null}
      {act === 'delete' ? <DeleteDialog section={section} ids={selected} onClose={() => setAct(null)} onDone={(answer) => finish(answer, 'delete.done')} /> : null}
      {act && typeof act === 'object' ? <MoveDialog move={act} busy={bulk.isPending} onClose={() => setAct(null)} onDone={(comment) => bulk.mutate({ action: 'move', move: act.name, comment })} /> : null}
      {failed ? (
        <Modal open title={t('bulk.failed', { count: failed.failed.length })} footer={<Button onClick={() => setFailed(null)}>{t('act.close')}</Button>} onCancel={() => setFailed(null)}>
          {failed.done ? <Alert type="success" showIcon title={t('bulk.changed', { count: failed.done })} /> : null}
          <ul className="failures">
            {failed.failed.map((item) => (
              <li key={item.id}><Link href={recordPath(section.name, item.id)}>{item.title || `№ ${item.id}`}</Link><span>{item.error.details?.length ? item.error.details.map((one) => one.message).join(' ') : item.error.message}</span></li>
            ))}
          </ul>
        </Modal>
      ) : null}
    </div>
  );
}

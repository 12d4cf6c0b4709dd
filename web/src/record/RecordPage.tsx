import ArrowLeftOutlined from '@ant-design/icons/es/icons/ArrowLeftOutlined';
import EllipsisOutlined from '@ant-design/icons/es/icons/EllipsisOutlined';
import Alert from 'antd/es/alert';
import Button from 'antd/es/button';
import Dropdown from 'antd/es/dropdown';
import Skeleton from 'antd/es/skeleton';
import { useCallback, useMemo, useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { fieldOfProp, useMeta } from '../api/meta';
import { rowTitle } from '../api/odata';
import type { Move, Row, Section } from '../api/types';
import { useKeys } from '../app/keys';
import { listPath, recordPath } from '../app/paths';
import { navigate as goTo } from '../app/location';
import { useNotes } from '../app/notesContext';
import { useTitle } from '../app/title';
import { Trouble, TroubleOf } from '../app/Trouble';
import { errorText } from '../app/errors';
import { useT } from '../i18n';
import { trailGet } from '../list/trail';
import { Checklist } from './Checklist';
import { ConflictDialog } from './ConflictDialog';
import { DeleteDialog } from './DeleteDialog';
import { FormLayout } from './FormLayout';
import { FreshContext } from './freshContext';
import { History } from './History';
import { LeaveDialog } from './LeaveDialog';
import { MoveDialog } from './MoveDialog';
import { SaveBar } from './SaveBar';
import { StageBar } from './StageBar';
import { TrailButtons } from './TrailButtons';
import { useForm } from './useForm';
import { useGuard } from './useGuard';
import { useLiveRecord } from './useLiveRecord';
import { usePresetTitles } from './usePresetTitles';
import { useTrail } from './useTrail';

export default function RecordPage({ name, id }: { name: string; id: number | null }) {
  const section = useMeta().sections[name];
  if (!section) return <Trouble kind="not_found" />;
  if (id === null && !section.can.create) return <Trouble kind="no_right" />;
  return <RecordView section={section} id={id} />;
}

/** Values that an address gives to a new record: "?account_id=5". */
function presetOf(section: Section, search: string): Row {
  const preset: Row = {};
  for (const [prop, text] of new URLSearchParams(search)) {
    const field = fieldOfProp(section, prop);
    if (field) preset[prop] = field.type === 'lookup' && /^\d+$/.test(text) ? Number(text) : text;
  }
  return preset;
}

function RecordView({ section, id }: { section: Section; id: number | null }) {
  const t = useT();
  const [, navigate] = useLocation();
  const search = useSearch();
  const notes = useNotes();
  const preset = useMemo(() => (id === null ? presetOf(section, search) : undefined), [section, id]);
  const form = useForm(section, id, preset);
  const [editing, setEditing] = useState<'all' | string[]>(id === null ? 'all' : []);
  const [moving, setMoving] = useState<Move | null>(null);
  const [deleting, setDeleting] = useState(false);
  const trail = useTrail(section, id);
  usePresetTitles(section, preset, form.change);
  const leaving = useGuard(form.dirty);
  const live = useLiveRecord(section, id, form);

  const title = id === null ? t('record.new', { label: section.label }) : rowTitle(form.base);
  useTitle(title || section.label);
  const home = trailGet(section.name)?.address ?? listPath(section.name);

  const saved = useCallback((row: Row) => {
    setEditing([]);
    notes.done(t('record.saved'));
    if (id === null) goTo(recordPath(section.name, Number(row.id)), { replace: true, force: true });
  }, [id, section.name, notes, t]);
  const save = (): void => void form.save().then((row) => row && saved(row));
  const cancel = (): void => {
    if (id === null) navigate(home);
    else {
      form.cancel();
      setEditing([]);
    }
  };
  const act = (move: Move, comment?: string): void => void form.move(move.name, comment).then((row) => {
    if (!row) return;
    setMoving(null);
    setEditing([]);
    notes.done(t('record.moved', { label: move.label }));
  });

  useKeys({
    'mod+s': () => (form.dirty || id === null) && save(),
    e: () => form.may && setEditing('all'),
    Escape: () => {
      if (form.dirty || (editing !== 'all' && editing.length) || (id !== null && editing === 'all')) {
        if (!form.dirty) setEditing([]);
        else (document.activeElement as HTMLElement | null)?.blur();
      } else navigate(home);
    },
    '[': () => trail.previous && trail.go(-1),
    ']': () => trail.next && trail.go(1),
  });

  if (id !== null && form.record.isPending) return <div className="page page-record"><Skeleton active title={false} paragraph={{ rows: 10 }} /></div>;
  if (id !== null && form.record.isError && !form.record.data) return <TroubleOf error={form.record.error} retry={() => void form.record.refetch()} />;
  if (id === null && !form.answer && !form.formError) return <div className="page page-record"><Skeleton active title={false} paragraph={{ rows: 10 }} /></div>;

  const stage = (form.base.stage as string | undefined) ?? form.answer?.stage ?? null;
  const tasks = form.answer?.tasks ?? [];
  const mayDelete = id !== null && (form.answer?.can?.delete ?? false);
  const bar = form.dirty || id === null || (editing === 'all' && form.may);
  return (
    <div className="page page-record">
      <div className="page-head">
        <Link href={home} className="up" aria-label={t('record.up', { label: section.plural })}><ArrowLeftOutlined aria-hidden /> <span className="up-label">{section.plural}</span></Link>
        <h1>{title}</h1>
        <span className="grow" />
        {trail.known ? <TrailButtons trail={trail} /> : null}
        {id !== null && form.may && editing !== 'all' ? <Button onClick={() => setEditing('all')}>{t('act.edit')}</Button> : null}
        {mayDelete ? (
          <Dropdown trigger={['click']} menu={{ items: [{ key: 'delete', danger: true, label: t('act.delete') }], onClick: () => setDeleting(true) }}>
            <Button icon={<EllipsisOutlined />} aria-label={t('record.more')} />
          </Dropdown>
        ) : null}
      </div>
      {id !== null && section.stages.length ? (
        <StageBar section={section} stage={stage} path={form.answer?.path} moves={form.answer?.moves ?? []} busy={form.saving}
          onMove={(move) => (move.comment ? setMoving(move) : act(move))} />
      ) : null}
      {form.faults.rest.map((text) => <Alert key={text} type="error" showIcon title={text} className="page-alert" role="alert" />)}
      {live.news === 'none' ? null : <Alert type="warning" showIcon className="page-alert" role="status" title={t(`record.${live.news}`)} />}
      {form.formError ? (
        <Alert type="warning" showIcon className="page-alert" title={errorText(form.formError, t)} action={<Button size="small" onClick={() => void form.askAgain()}>{t('act.retry')}</Button>} />
      ) : null}
      <div className={id === null ? 'record record-new' : tasks.length ? 'record record-tasks' : 'record'}>
        {id !== null && tasks.length ? <Checklist section={section} id={id} tasks={tasks} onTicked={form.askAgain} /> : null}
        <div className="record-form">
          <FreshContext.Provider value={live.fresh}>
            <FormLayout section={section} form={form} recordId={id} editing={editing} scope="record"
              onEdit={(field) => setEditing((before) => (before === 'all' ? before : [...before.filter((item) => item !== field), field]))}
              onLeave={(field) => setEditing((before) => (before === 'all' ? before : before.filter((item) => item !== field)))} />
          </FreshContext.Provider>
        </div>
        {id !== null ? <div className="record-feed"><History section={section} id={id} /></div> : null}
      </div>
      {bar ? <SaveBar count={form.count} fresh={id === null} saving={form.saving} dirty={form.dirty} sending={form.sending} onSave={save} onCancel={cancel} /> : null}
      {moving ? <MoveDialog move={moving} busy={form.saving} onDone={(comment) => act(moving, comment)} onClose={() => setMoving(null)} /> : null}
      {deleting && id !== null ? (
        <DeleteDialog section={section} ids={[id]} title={title} onClose={() => setDeleting(false)} onDone={(answer) => {
          setDeleting(false);
          const failed = answer.failed[0];
          if (failed) notes.refused(failed.error.message);
          else {
            notes.done(t('delete.done', { count: 1 }));
            goTo(home, { replace: true, force: true });
          }
        }} />
      ) : null}
      {leaving ? <LeaveDialog leaving={leaving} /> : null}
      <ConflictDialog section={section} form={form} onSaved={() => setEditing([])} />
    </div>
  );
}

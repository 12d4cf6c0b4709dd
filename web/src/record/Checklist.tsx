import { useQueryClient } from '@tanstack/react-query';
import Checkbox from 'antd/es/checkbox';
import { useState } from 'react';
import { send } from '../api/http';
import { useMeta } from '../api/meta';
import type { Section, TaskState } from '../api/types';
import { errorText } from '../app/errors';
import { useNotes } from '../app/notesContext';
import { dateTimeFormat } from '../fields/dates';
import { useLanguage, useT } from '../i18n';

interface Props { section: Section; id: number; tasks: TaskState[]; onTicked: () => void }

/** What is to be done while the record stands on its stage: ticks, who made them and when, what holds the record up. */
export function Checklist({ section, id, tasks, onTicked }: Props) {
  const t = useT();
  const meta = useMeta();
  const language = useLanguage();
  const notes = useNotes();
  const client = useQueryClient();
  const [sent, setSent] = useState<Record<number, boolean>>({});
  const done = tasks.filter((task) => task.done).length;

  const tick = async (task: TaskState): Promise<void> => {
    if (task.id in sent) return;
    setSent((before) => ({ ...before, [task.id]: !task.done }));
    try {
      await send('POST', `/api/${section.name}(${id})/tasks(${task.id})/${task.done ? 'reopen' : 'finish'}`, undefined, { Prefer: 'return=minimal' });
    } catch (error) {
      notes.refused(errorText(error, t));
    }
    // Whether it went or not, the server says how things stand now, and which moves are open by it.
    await onTicked();
    void client.invalidateQueries({ queryKey: ['history', section.name] });
    setSent(({ [task.id]: _gone, ...rest }) => rest);
  };

  return (
    <section className="checklist" aria-labelledby="checklist-title">
      <h2 id="checklist-title">{t('checklist.title')} <span className="quiet" role="status">{t('checklist.count', { done, count: tasks.length })}</span></h2>
      <ul>
        {tasks.map((task) => {
          const checked = sent[task.id] ?? task.done;
          const note = `checklist-${task.id}`;
          return (
            <li key={task.id} className={checked ? 'task task-done' : 'task'}>
              <Checkbox checked={checked} disabled={!task.may} aria-describedby={note} onChange={() => void tick(task)}>
                <span className="task-label">{task.label}</span>
                {task.required ? <><span className="must" title={t('checklist.required')} aria-hidden="true">*</span><span className="hidden">, {t('checklist.required')}</span></> : null}
              </Checkbox>
              <p id={note} className="quiet">
                {task.done && task.at ? <>{task.by?.title ? `${task.by.title}, ` : ''}<time dateTime={task.at}>{dateTimeFormat(task.at, language, meta.zone)}</time></> : null}
                {!task.done && !task.may ? t('checklist.others') : null}
              </p>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

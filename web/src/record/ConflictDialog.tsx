import Button from 'antd/es/button';
import Modal from 'antd/es/modal';
import { fieldProp, sectionField, useMeta } from '../api/meta';
import type { Section } from '../api/types';
import { Value } from '../fields/Value';
import { dateTimeFormat } from '../fields/dates';
import { useLanguage, useT } from '../i18n';
import { ChangeValue } from './ChangeValue';
import type { Form } from './useForm';

/** Somebody saved in the meantime: what he changed and what I did, side by side; his is taken or mine goes over it. */
export function ConflictDialog({ section, form, onSaved }: { section: Section; form: Form; onSaved: () => void }) {
  const t = useT();
  const meta = useMeta();
  const language = useLanguage();
  const current = form.conflict?.current;
  if (!current) return null;
  return (
    <Modal open title={t('conflict.title')} width={760} onCancel={form.leaveConflict} footer={[
      <Button key="back" onClick={form.leaveConflict}>{t('act.cancel')}</Button>,
      <Button key="theirs" onClick={() => void form.takeTheirs()}>{t('conflict.theirs')}</Button>,
      <Button key="mine" type="primary" danger loading={form.saving} onClick={() => void form.overwrite().then((saved) => saved && onSaved())}>{t('conflict.mine')}</Button>,
    ]}>
      <p>{t('conflict.who', { name: current.changed_by?.title || t('history.system'), at: dateTimeFormat(current.changed_at, language, meta.zone) })}</p>
      {current.changes.length ? (
        <div className="detail-scroll">
          <table className="lines row-cards">
            <thead><tr><th scope="col">{t('conflict.field')}</th><th scope="col">{t('conflict.was')}</th><th scope="col">{t('conflict.his')}</th><th scope="col">{t('conflict.my')}</th></tr></thead>
            <tbody>
              {current.changes.map((change) => {
                const field = sectionField(section, change.field);
                const touched = field !== undefined && fieldProp(field) in form.draft.values;
                return (
                  <tr key={change.field} className={touched ? 'line-changed' : ''}>
                    <th scope="row">{change.label}</th>
                    <td data-label={t('conflict.was')}><ChangeValue section={section} field={field} value={change.old} /></td>
                    <td data-label={t('conflict.his')}><ChangeValue section={section} field={field} value={change.new} /></td>
                    <td data-label={t('conflict.my')}>{touched && field ? <Value section={section} field={field} row={form.row} /> : <span className="quiet">{t('conflict.untouched')}</span>}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      ) : <p className="quiet">{t('conflict.unseen')}</p>}
      <p className="quiet">{t('conflict.text')}</p>
    </Modal>
  );
}

import Alert from 'antd/es/alert';
import Button from 'antd/es/button';
import Drawer from 'antd/es/drawer';
import { useMemo } from 'react';
import { rowTitle } from '../api/odata';
import type { Row, Section, Titled } from '../api/types';
import { useT } from '../i18n';
import { fieldInput } from './draft';
import { FormLayout } from './FormLayout';
import { useForm } from './useForm';

interface Props { section: Section; name: string; onClose: () => void; onCreated: (item: Titled) => void }

const NONE = (): void => {};

/** A small card over the page: a record is made and comes back chosen. */
export default function CreateCard({ section, name, onClose, onCreated }: Props) {
  const t = useT();
  // What was typed in the lookup is the name of what is made.
  const preset = useMemo((): Row => {
    const field = section.fields.find((item) => item.type === 'text' && !item.long && fieldInput(item) && item.writable !== false && item.readonly !== true);
    return field && name ? { [field.name]: name } : {};
  }, [section, name]);
  const form = useForm(section, null, preset);
  const save = (): void => void form.save().then((saved) => {
    if (saved) onCreated({ id: Number(saved.id), title: rowTitle(saved) });
  });
  return (
    <Drawer open size={520} title={t('record.new', { label: section.label })} onClose={onClose} mask={{ closable: false }} className="create-card" push={{ distance: 60 }}
      footer={(
        <div className="card-acts">
          <Button onClick={onClose}>{t('act.cancel')}</Button>
          <Button type="primary" loading={form.saving} onClick={save}>{t('act.create')}</Button>
        </div>
      )}>
      <form onSubmit={(event) => { event.preventDefault(); event.stopPropagation(); save(); }} onKeyDown={(event) => {
        if ((event.ctrlKey || event.metaKey) && event.code === 'KeyS') {
          event.preventDefault();
          event.stopPropagation();
          save();
        }
      }}>
        {form.faults.rest.map((message) => <Alert key={message} type="error" showIcon title={message} className="page-alert" />)}
        <FormLayout section={section} form={form} recordId={null} editing="all" scope={`new-${section.name}`} creatable={false} withDetails={false} onEdit={NONE} onLeave={NONE} />
        <button type="submit" className="hidden" tabIndex={-1} aria-hidden="true" />
      </form>
    </Drawer>
  );
}

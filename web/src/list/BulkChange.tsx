import Modal from 'antd/es/modal';
import Select from 'antd/es/select';
import { useState } from 'react';
import { fieldProp, sectionField } from '../api/meta';
import type { Field, Row, Section } from '../api/types';
import { Editor } from '../fields/Editor';
import { UploadsContext, useUploads } from '../fields/uploads';
import { useT } from '../i18n';
import { plain } from '../record/draft';

interface Props { section: Section; fields: Field[]; count: number; busy: boolean; onClose: () => void; onDone: (values: Row) => void }

/** One field set to one value in all chosen records; an empty value empties it. */
export function BulkChange({ section, fields, count, busy, onClose, onDone }: Props) {
  const t = useT();
  const [name, setName] = useState<string | undefined>();
  const [row, setRow] = useState<Row>({});
  const uploads = useUploads();
  const field = name ? sectionField(section, name) : undefined;
  return (
    <Modal open title={t('bulk.change_title', { count })} okText={t('bulk.change_do', { count })} cancelText={t('act.cancel')} confirmLoading={busy}
      okButtonProps={{ disabled: !field || uploads.going > 0 }} onCancel={onClose} onOk={() => field && onDone({ [fieldProp(field)]: null, ...(field.type === 'boolean' ? { [field.name]: false } : {}), ...plain(row) })}>
      <div className="stack">
        <label htmlFor="bulk-field">{t('bulk.field')}</label>
        <Select id="bulk-field" className="wide" showSearch={{ optionFilterProp: 'label' }} value={name} options={fields.map((item) => ({ value: item.name, label: item.label }))}
          onChange={(next) => { setName(next); setRow({}); }} />
        {field ? (
          <>
            <label htmlFor="bulk-value">{t('bulk.value')}</label>
            <UploadsContext.Provider value={uploads.track}>
              <Editor id="bulk-value" section={section} field={field} row={row} draft={plain(row)} recordId={null} creatable={false} onChange={(change) => setRow((before) => ({ ...before, ...change }))} />
            </UploadsContext.Provider>
            <p className="quiet">{t('bulk.empties')}</p>
          </>
        ) : null}
      </div>
    </Modal>
  );
}

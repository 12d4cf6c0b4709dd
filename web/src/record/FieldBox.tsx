import Tooltip from 'antd/es/tooltip';
import QuestionCircleOutlined from '@ant-design/icons/es/icons/QuestionCircleOutlined';
import { useContext } from 'react';
import type { MouseEvent } from 'react';
import { fieldProp, shownType } from '../api/meta';
import type { Field, Section } from '../api/types';
import { Editor } from '../fields/Editor';
import { isEmpty, Value } from '../fields/Value';
import { useT } from '../i18n';
import { fieldFlags } from './draft';
import { FreshContext } from './freshContext';
import type { Form } from './useForm';

interface Props {
  section: Section;
  field: Field;
  form: Form;
  recordId: number | null;
  editing: boolean;
  focus: boolean;
  scope: string;
  creatable: boolean;
  onEdit: (name: string) => void;
  onLeave: (name: string) => void;
}

/** One field: read until clicked, then edited in the same place; what is wrong stands beneath it. */
export function FieldBox({ section, field, form, recordId, editing, focus, scope, creatable, onEdit, onLeave }: Props) {
  const t = useT();
  const fresh = useContext(FreshContext).has(field.name);
  const flags = fieldFlags(field, form.states);
  const editable = form.editable(field);
  const fault = form.faults.fields[field.name];
  const id = `${scope}-${field.name}`;
  const wide = field.long || (field.type === 'file' && field.many);
  const boolean = shownType(field) === 'boolean';
  const open = editable && (editing || Boolean(fault));
  const changed = recordId !== null && fieldProp(field) in form.draft.values;
  const simple = !['lookup', 'file', 'date', 'datetime', 'choice'].includes(field.type);

  const click = (event: MouseEvent): void => {
    if (!editable || (event.target as HTMLElement).closest('a') || window.getSelection()?.toString()) return;
    onEdit(field.name);
  };
  const label = (
    <>
      {field.label}
      {flags.required && editable && (open || isEmpty(field, form.row)) ? <span className="must" title={t('field.must')} aria-hidden="true">*</span> : null}
    </>
  );
  return (
    <div className={['field', wide ? 'field-wide' : '', changed ? 'field-changed' : '', fresh ? 'field-fresh' : '', fault ? 'field-fault' : ''].join(' ')} data-field={field.name}>
      <div className="field-label">
        {open && boolean ? null : open ? <label htmlFor={id}>{label}</label> : <span id={`${id}-label`}>{label}</span>}
        {flags.required && open ? <span className="hidden">{t('field.must')}</span> : null}
        {field.help ? <Tooltip title={field.help} trigger={['hover', 'focus']}><QuestionCircleOutlined className="quiet" tabIndex={0} aria-label={field.help} /></Tooltip> : null}
      </div>
      {open ? (
        <Editor id={id} section={section} field={field} row={form.row} draft={form.body()} recordId={recordId} autoFocus={focus} invalid={Boolean(fault)}
          describedBy={fault ? `${id}-fault` : undefined} creatable={creatable} onChange={form.change}
          onBlur={() => {
            if (simple && focus && !changed && recordId !== null) onLeave(field.name);
          }} />
      ) : (
        // The value is clicked with the mouse; the button for keys is "Edit" of the page.
        <div className={editable ? 'value value-editable' : 'value'} onClick={click} aria-labelledby={`${id}-label`} role="group">
          {isEmpty(field, form.row)
            ? (boolean ? <span className="quiet">{t('field.no')}</span> : editable ? <span className="value-none" aria-hidden="true">{t('field.empty')}</span> : null)
            : <Value section={section} field={field} row={form.row} recordId={recordId} links />}
        </div>
      )}
      {fault ? <div id={`${id}-fault`} className="fault" role="alert">{fault}</div> : null}
    </div>
  );
}

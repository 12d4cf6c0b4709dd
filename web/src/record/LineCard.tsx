import Button from 'antd/es/button';
import Drawer from 'antd/es/drawer';
import Skeleton from 'antd/es/skeleton';
import { useEffect, useState } from 'react';
import { shownType } from '../api/meta';
import type { Field, Row, Section } from '../api/types';
import { TroubleOf } from '../app/Trouble';
import { Editor } from '../fields/Editor';
import type { Parent } from '../fields/LookupSelect';
import { isEmpty, Value } from '../fields/Value';
import { useT } from '../i18n';
import { plain } from './draft';
import type { Line } from './OwnedDetail';

interface Props {
  target: Section;
  title: string;
  line: Line;
  /** All that the line has and does not hide. */
  fields: Field[];
  scope: string;
  parent: Parent;
  faults: Record<string, string>;
  /** The fields beyond the columns, while they are read. */
  waiting: boolean;
  error: unknown;
  retry: () => void;
  editable: (field: Field) => boolean;
  must: (field: Field) => boolean;
  onChange: (change: Row) => void;
  onClose: () => void;
}

/** One line with all its fields, over the page: the table shows the most telling ones. What is typed here is saved with the record. */
export default function LineCard({ target, title, line, fields, scope, parent, faults, waiting, error, retry, editable, must, onChange, onClose }: Props) {
  const t = useT();
  const [there, setThere] = useState(false);
  // The drawer takes the cursor as it opens; then it goes where something is wrong, in a new line to its first field.
  useEffect(() => {
    if (!there || waiting) return;
    const wrong = fields.find((field) => faults[field.name] !== undefined) ?? (line.fresh ? fields.find((field) => editable(field)) : undefined);
    if (wrong) document.getElementById(`${scope}-${wrong.name}`)?.focus();
  }, [there, waiting]);
  return (
    <Drawer open size={480} title={title} onClose={onClose} afterOpenChange={setThere} className="line-card" push={{ distance: 60 }}
      footer={<div className="card-acts"><Button type="primary" onClick={onClose}>{t('detail.done')}</Button></div>}>
      <form onSubmit={(event) => { event.preventDefault(); event.stopPropagation(); onClose(); }} onKeyDown={(event) => {
        if ((event.ctrlKey || event.metaKey) && event.code === 'KeyS') {
          event.preventDefault();
          event.stopPropagation();
          onClose();
        }
      }}>
        {faults[''] ? <p className="fault" role="alert">{faults['']}</p> : null}
        {waiting ? <Skeleton active title={false} paragraph={{ rows: 6 }} /> : null}
        {error ? <TroubleOf error={error} retry={retry} /> : null}
        {waiting || error ? null : fields.map((field) => {
          const id = `${scope}-${field.name}`;
          const wrong = faults[field.name];
          const open = editable(field);
          const required = must(field);
          return (
            <div key={field.name} className="field" data-field={field.name}>
              <div className="field-label">
                {open && shownType(field) === 'boolean' ? null : open ? <label htmlFor={id}>{field.label}{required ? <span className="must" title={t('field.must')} aria-hidden="true">*</span> : null}</label> : <span id={`${id}-label`}>{field.label}</span>}
              </div>
              {open ? (
                <Editor id={id} section={target} field={field} row={line.row} draft={plain(line.typed)} recordId={line.id} parent={parent} invalid={Boolean(wrong)} required={required}
                  describedBy={wrong ? `${id}-fault` : undefined} onChange={onChange} />
              ) : (
                <div className="value" role="group" aria-labelledby={`${id}-label`}>{isEmpty(field, line.row) ? null : <Value section={target} field={field} row={line.row} recordId={line.id} links />}</div>
              )}
              {wrong ? <div id={`${id}-fault`} className="fault" role="alert">{wrong}</div> : null}
            </div>
          );
        })}
        <button type="submit" className="hidden" tabIndex={-1} aria-hidden="true" />
      </form>
    </Drawer>
  );
}

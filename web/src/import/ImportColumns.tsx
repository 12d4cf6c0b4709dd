import Alert from 'antd/es/alert';
import Button from 'antd/es/button';
import Checkbox from 'antd/es/checkbox';
import Select from 'antd/es/select';
import { sectionField, useMeta } from '../api/meta';
import type { Field, ImportColumn, Section } from '../api/types';
import { decimalFormat } from '../fields/decimal';
import { useLanguage, useT } from '../i18n';
import { fieldInput } from '../record/draft';

interface Props { section: Section; columns: ImportColumn[]; rows: number; keyField: string | null; onColumns: (columns: ImportColumn[]) => void; onKey: (key: string | null) => void }

const SAMPLES = 2;
const BY: Field['type'][] = ['text', 'autonumber', 'email', 'phone', 'integer', 'url'];

/** Which column becomes which field, how lookups are found, and by what a record is known again. */
export function ImportColumns({ section, columns, rows, keyField, onColumns, onKey }: Props) {
  const t = useT();
  const language = useLanguage();
  const meta = useMeta();
  const fields = [
    ...section.fields.filter((field) => !field.builtin && (fieldInput(field) || field.type === 'autonumber') && field.type !== 'file' && !field.many),
    /* of what was exported: nothing is written there */
    ...section.fields.filter((field) => field.builtin && field.name === 'id').map((field) => ({ ...field, label: t('import.id', { label: field.label }) })),
  ];
  const set = (place: number, part: Partial<ImportColumn>): void => onColumns(columns.map((column, at) => (at === place ? { ...column, ...part } : column)));
  const taken = new Set(columns.map((column) => column.to).filter(Boolean));
  const keys = fields.filter((field) => taken.has(field.name) && ['text', 'autonumber', 'integer', 'email', 'phone', 'url'].includes(field.type));
  const chosen = keyField && keys.some((field) => field.name === keyField) ? keyField : '';
  const better = keys.find((field) => field.unique) ?? keys.find((field) => field.name === 'id');
  return (
    <fieldset className="import-part">
      <legend>{t('import.columns')}</legend>
      <div className="detail-scroll">
        <table className="lines import-columns row-cards">
          <thead><tr><th scope="col">{t('import.column')}</th><th scope="col">{t('import.samples')}</th><th scope="col">{t('import.field')}</th><th scope="col">{t('import.lookup')}</th></tr></thead>
          <tbody>
            {columns.map((column, place) => {
              const field = column.to ? sectionField(section, column.to) : undefined;
              const target = field?.type === 'lookup' && field.to ? meta.sections[field.to] : undefined;
              return (
                <tr key={`${place}/${column.name}`} className={column.to ? '' : 'import-skipped'}>
                  <th scope="row">{column.name || t('import.nameless', { number: place + 1 })}</th>
                  <td className="quiet import-samples" data-label={t('import.samples')}>{column.samples.filter(Boolean).slice(0, SAMPLES).map((sample, at) => <div key={at} title={sample}>{sample}</div>)}</td>
                  <td data-label={t('import.field')}>
                    <Select className="wide" aria-label={t('import.field_of', { name: column.name })} showSearch={{ optionFilterProp: 'label' }} value={column.to ?? ''}
                      options={[{ value: '', label: t('import.skip') }, ...fields.map((item) => ({ value: item.name, label: item.label, disabled: taken.has(item.name) && item.name !== column.to }))]}
                      onChange={(to: string) => set(place, { to: to || null, by: undefined, create: false })} />
                  </td>
                  <td data-label={t('import.lookup')}>
                    {target ? (
                      <div className="import-lookup">
                        <Select aria-label={t('import.by_of', { name: column.name })} value={column.by ?? ''}
                          options={[{ value: '', label: t('import.by_title') }, ...target.fields.filter((item) => BY.includes(item.type) && !item.builtin && !item.long).map((item) => ({ value: item.name, label: item.label }))]}
                          onChange={(by: string) => set(place, { by: by || null })} />
                        {target.can.create ? <Checkbox checked={column.create ?? false} onChange={(event) => set(place, { create: event.target.checked })}>{t('import.create')}</Checkbox> : null}
                      </div>
                    ) : null}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <div className="import-key">
        <label htmlFor="import-key">{t('import.key')}</label>
        <Select id="import-key" value={chosen}
          options={[{ value: '', label: t('import.key_none') }, ...keys.map((field) => ({ value: field.name, label: field.label }))]} onChange={(name: string) => onKey(name || null)} />
        {chosen ? <p className="quiet">{t('import.key_text')}</p> : null}
      </div>
      {chosen || !taken.size ? null : (
        <Alert type="warning" showIcon className="import-keyless" title={t('import.keyless', { count: rows, number: decimalFormat(rows, language) })}
          action={better ? <Button size="small" onClick={() => onKey(better.name)}>{t('import.keyless_better', { label: better.label })}</Button> : null} />
      )}
      <div>
      </div>
    </fieldset>
  );
}

import { fieldCurrency, fieldProp, shownType, useMeta } from '../api/meta';
import Checkbox from 'antd/es/checkbox';
import Input from 'antd/es/input';
import InputNumber from 'antd/es/input-number';
import Select from 'antd/es/select';
import type { Field, FileInfo, Row, Section, Titled, Value } from '../api/types';
import { useLanguage, useT } from '../i18n';
import { currencySign } from './decimal';
import { ColourTag } from './ColourTag';
import { DateEditor } from './DateEditor';
import { DurationEditor } from './DurationEditor';
import { FileEditor } from './FileEditor';
import type { Parent } from './LookupSelect';
import { LookupSelect } from './LookupSelect';

export interface Change { [prop: string]: Value }

interface Props {
  id: string;
  section: Section;
  field: Field;
  /** The record with its draft on top, titles included. */
  row: Row;
  /** What the server is asked with: the draft as it will be sent. */
  draft: Row;
  recordId: number | null;
  parent?: Parent | undefined;
  onChange: (change: Change) => void;
  autoFocus?: boolean;
  invalid?: boolean;
  describedBy?: string | undefined;
  creatable?: boolean;
  onBlur?: () => void;
  /** In a cell whose column is named above it. */
  inline?: boolean;
  required?: boolean;
}

/** Every type of field with its own editor; a change carries the property and, for lookups and files, what to show for it. */
export function Editor({ id, section, field, row, draft, recordId, parent, onChange, autoFocus = false, invalid = false, describedBy, creatable, onBlur, inline = false, required = false }: Props) {
  const t = useT();
  const meta = useMeta();
  const language = useLanguage();
  const prop = fieldProp(field);
  const value = row[prop];
  const status = invalid ? 'error' as const : undefined;
  const set = (next: Value): void => onChange({ [prop]: next });
  const common = { id, autoFocus, 'aria-describedby': describedBy, 'aria-invalid': invalid || undefined, 'aria-required': required || undefined, onBlur: () => onBlur?.() };
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';

  switch (shownType(field)) {
    case 'integer':
    case 'decimal':
    case 'money':
    case 'percent': {
      const type = shownType(field);
      const scale = type === 'integer' ? 0 : field.scale ?? (type === 'money' ? 2 : undefined);
      const currency = fieldCurrency(field, row, meta.currency);
      const suffix = type === 'percent' ? '%' : currency ? currencySign(currency) : undefined;
      return (
        <InputNumber<string> {...common} className="wide figures" stringMode controls={false} status={status ?? ''} suffix={suffix}
          value={text === '' ? null : text} {...(scale === undefined || scale === null ? {} : { precision: scale })}
          decimalSeparator={language === 'ru' ? ',' : '.'}
          formatter={(shown, { userTyping, input }) => (userTyping ? input : grouped(shown ?? '', language, type === 'money' ? scale ?? 0 : 0))}
          parser={(shown) => (shown ?? '').replace(/[\s\u00a0\u202f]/g, '').replace(',', '.').replace('−', '-')}
          changeOnWheel={false}
          onChange={(next) => set(next === null || next === undefined || next === '' ? null : String(next))} />
      );
    }
    case 'boolean':
      return <Checkbox {...common} checked={value === true} onChange={(event) => set(event.target.checked)}><span className={inline ? 'hidden' : ''}>{field.label}</span></Checkbox>;
    case 'date':
    case 'datetime':
      return <DateEditor {...common} field={field} value={typeof value === 'string' ? value : null} status={status} onChange={set} />;
    case 'duration':
      return <DurationEditor {...common} value={typeof value === 'string' ? value : null} status={status} onChange={set} />;
    case 'choice':
      return (
        <Select {...common} className="wide" allowClear={field.required !== true} status={status ?? ''} value={text === '' ? undefined : text} aria-label={field.label}
          showSearch={(field.values?.length ?? 0) > 8 ? { optionFilterProp: 'title' } : false}
          options={(field.values ?? []).map((item, place) => ({ value: item.value, title: item.label, label: <ColourTag label={item.label} colour={item.colour} place={place} /> }))}
          onChange={(next?: string) => set(next ?? null)} />
      );
    case 'lookup': {
      const titles = row[`${field.name}@ostov.titles`];
      const chosen: Titled[] = field.many
        ? (Array.isArray(value) ? value : []).map((item, place) => ({ id: Number(item), title: Array.isArray(titles) ? (titles[place] as string | null) : null }))
        : value === null || value === undefined ? [] : [{ id: Number(value), title: (row[`${field.name}@ostov.title`] as string | null) ?? null }];
      return (
        <LookupSelect id={id} section={section.name} field={field} value={chosen} draft={draft} recordId={recordId} parent={parent} many={field.many ?? false} autoFocus={autoFocus}
          status={status} describedBy={describedBy} creatable={creatable ?? true} onBlur={() => onBlur?.()}
          onChange={(next) => onChange(field.many
            ? { [prop]: next.map((item) => item.id), [`${field.name}@ostov.titles`]: next.map((item) => item.title) }
            : { [prop]: next[0]?.id ?? null, [`${field.name}@ostov.title`]: next[0]?.title ?? null })} />
      );
    }
    case 'file': {
      const info = row[`${field.name}@ostov.files`] ?? row[`${field.name}@ostov.file`];
      const files = (Array.isArray(info) ? info : info ? [info] : []) as unknown as FileInfo[];
      return (
        <FileEditor id={id} label={field.label} many={field.many ?? false} files={files}
          onChange={(next) => onChange(field.many
            ? { [prop]: next.map((file) => file.id), [`${field.name}@ostov.files`]: next as unknown as Value }
            : { [prop]: next[0]?.id ?? null, [`${field.name}@ostov.file`]: (next[0] ?? null) as unknown as Value })} />
      );
    }
    default: {
      if (field.long) {
        return <Input.TextArea {...common} autoSize={{ minRows: 3, maxRows: 14 }} status={status ?? ''} value={text} maxLength={typeof field.max === 'number' ? field.max : 100_000}
          onChange={(event) => set(event.target.value || null)} />;
      }
      const type = field.type === 'email' ? 'email' : field.type === 'phone' ? 'tel' : field.type === 'url' ? 'url' : 'text';
      return <Input {...common} type={type} status={status ?? ''} value={text} maxLength={typeof field.max === 'number' && field.type === 'text' ? field.max : 10_000}
        placeholder={field.type === 'url' ? t('field.url_hint') : ''} onChange={(event) => set(event.target.value || null)} />;
    }
  }
}

/** As the value is shown when it is read; money with all its digits. */
function grouped(text: string | number, language: string, scale: number): string {
  const [whole = '', given] = String(text).split('.');
  const part = whole && scale ? (given ?? '').padEnd(scale, '0') : given;
  const shown = whole.replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
  return part === undefined ? shown : `${shown}${language === 'ru' ? ',' : '.'}${part}`;
}

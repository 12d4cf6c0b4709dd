import CheckOutlined from '@ant-design/icons/es/icons/CheckOutlined';
import PaperClipOutlined from '@ant-design/icons/es/icons/PaperClipOutlined';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { fieldCurrency, fieldProp, shownType, useMeta } from '../api/meta';
import type { Field, FileInfo, Row, Section, Value as Any } from '../api/types';
import { recordPath } from '../app/paths';
import { useLanguage, useT } from '../i18n';
import { ColourTag } from './ColourTag';
import { dateFormat, dateTimeFormat, durationFormat } from './dates';
import { decimalFormat, moneyFormat } from './decimal';
import { sizeFormat } from './size';
import { StageTag } from './StageTag';

interface Props {
  section: Section;
  field: Field;
  row: Row;
  /** The record whose files can be fetched; without it file names are shown plain. */
  recordId?: number | null | undefined;
  /** Links to other records and files; lists show titles plain so that a row has one link. */
  links?: boolean;
}

/** Any field's value as people read it; an empty one shows nothing. */
export function Value({ section, field, row, recordId, links = false }: Props): ReactNode {
  const meta = useMeta();
  const language = useLanguage();
  const t = useT();
  const value = row[fieldProp(field)];
  const type = shownType(field);

  if (type === 'lookup') {
    const target = field.to ? meta.sections[field.to] : undefined;
    const open = links && target !== undefined && !target.owned_by;
    const one = (id: number, title: string | null | undefined): ReactNode => {
      const text = title || (id ? t('field.unseen') : '');
      return open && title ? <Link key={id} href={recordPath(target.name, id)}>{text}</Link> : <span key={id}>{text}</span>;
    };
    if (field.many) {
      const ids = Array.isArray(value) ? value.map(Number) : [];
      const titles = row[`${field.name}@ostov.titles`];
      return ids.map((id, place) => (
        <span key={id}>{place > 0 && ', '}{one(id, Array.isArray(titles) ? (titles[place] as string | null) : null)}</span>
      ));
    }
    return value === null || value === undefined ? null : one(Number(value), row[`${field.name}@ostov.title`] as string | null);
  }
  if (type === 'file') {
    const info = row[`${field.name}@ostov.files`] ?? row[`${field.name}@ostov.file`];
    const files = (Array.isArray(info) ? info : info ? [info] : []) as unknown as FileInfo[];
    return files.map((file) => (
      <span key={file.id} className="file-name">
        <PaperClipOutlined aria-hidden />
        {links && recordId ? <a href={fileHref(section, recordId, field, file)} download={file.name}>{file.name}</a> : <span>{file.name}</span>}
        <span className="quiet">{sizeFormat(file.size, language)}</span>
      </span>
    ));
  }
  if (value === null || value === undefined || value === '') return null;
  switch (type) {
    case 'boolean': return value ? <CheckOutlined aria-label={t('field.yes')} /> : null;
    case 'integer':
    case 'decimal': return <span className="figures">{decimalFormat(value, language, type === 'decimal' ? field.scale ?? 0 : 0)}</span>;
    case 'percent': return <span className="figures">{decimalFormat(value, language, field.scale ?? 0)}{'\u00a0%'}</span>;
    case 'money': return <span className="figures">{moneyFormat(value, language, fieldCurrency(field, row, meta.currency), field.scale ?? 2)}</span>;
    case 'date': return <span className="figures">{dateFormat(value, language)}</span>;
    case 'datetime': return <span className="figures">{dateTimeFormat(value, language, meta.zone)}</span>;
    case 'duration': return durationFormat(value, { d: t('unit.d'), h: t('unit.h'), m: t('unit.m'), s: t('unit.s') });
    case 'stage': return <StageTag section={section} stage={String(value)} />;
    case 'choice': return <ChoiceTag field={field} value={value} />;
    case 'email': return links ? <a href={`mailto:${String(value)}`}>{String(value)}</a> : String(value);
    case 'phone': return links ? <a href={`tel:${String(value).replace(/[^+\d]/g, '')}`}>{String(value)}</a> : String(value);
    case 'url': return links && /^https?:\/\//i.test(String(value))
      ? <a href={String(value)} target="_blank" rel="noreferrer noopener">{String(value)}</a> : String(value);
    default: return typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
}

function ChoiceTag({ field, value }: { field: Field; value: Any }): ReactNode {
  const place = field.values?.findIndex((item) => item.value === value) ?? -1;
  const found = field.values?.[place];
  return <ColourTag label={found?.label ?? String(value)} colour={found ? found.colour : 'grey'} place={place} />;
}

export function fileHref(section: Section, recordId: number, field: Field, file: FileInfo): string {
  return `/files/${section.name}(${recordId})/${field.name}${field.many ? `/${file.id}` : ''}`;
}

/** Whether there is anything to show. */
export function isEmpty(field: Field, row: Row): boolean {
  const value = row[fieldProp(field)];
  if (field.type === 'boolean') return !value;
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

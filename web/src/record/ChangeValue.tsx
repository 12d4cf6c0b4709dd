import { fieldProp } from '../api/meta';
import type { Field, Row, Section, Value as Any } from '../api/types';
import { Value } from '../fields/Value';
import { useT } from '../i18n';

/** A value out of the history: shaped as in a record, lookups as {id, title}. */
export function ChangeValue({ section, field, value }: { section: Section; field: Field | undefined; value: Any }) {
  const t = useT();
  const none = <span className="quiet">{t('history.empty')}</span>;
  if (value === null || value === undefined || value === '' || (Array.isArray(value) && !value.length)) return none;
  if (!field) return <>{titles(value)}</>;
  if (field.type === 'boolean') return <>{t(value ? 'field.yes' : 'field.no')}</>;
  if (field.type === 'lookup' || field.type === 'file') return <>{titles(value)}</>;
  const row: Row = { [fieldProp(field)]: value };
  return <Value section={section} field={field} row={row} />;
}

function titles(value: Any): string {
  if (Array.isArray(value)) return value.map(titles).join(', ');
  if (value !== null && typeof value === 'object') {
    const item = value as { title?: Any; name?: Any; id?: Any };
    return String(item.title ?? item.name ?? `№ ${String(item.id ?? '')}`);
  }
  return String(value);
}

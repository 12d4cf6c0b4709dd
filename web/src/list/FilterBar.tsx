import CloseOutlined from '@ant-design/icons/es/icons/CloseOutlined';
import FilterOutlined from '@ant-design/icons/es/icons/FilterOutlined';
import Button from 'antd/es/button';
import Popover from 'antd/es/popover';
import { lazy, Suspense, useState } from 'react';
import { sectionField } from '../api/meta';
import type { Field, Section } from '../api/types';
import { useT } from '../i18n';
import type { Filter } from './filter';
import { filterFields, filterNeedsValues, filterOps } from './filter';
import { FieldMenu } from './FieldMenu';
import { FilterWords } from './FilterWords';

const FilterEditor = lazy(() => import('./FilterEditor'));

interface Props { section: Section; filters: Filter[]; onChange: (filters: Filter[]) => void }

/** Chips, each one condition, and "+ Filter". A new condition opens its editor at once. */
export function FilterBar({ section, filters, onChange }: Props) {
  const t = useT();
  const [open, setOpen] = useState<number | null>(null);
  const [draft, setDraft] = useState<Filter | null>(null);
  const fields = filterFields(section);
  if (!fields.length) return null;

  const put = (place: number, filter: Filter): void => {
    if (place < filters.length) onChange(filters.map((item, at) => (at === place ? filter : item)));
    else onChange([...filters, filter]);
  };
  const add = (field: Field): void => {
    setDraft({ field: field.name, op: filterOps(field)[0] ?? 'filled', values: [] });
    setOpen(filters.length);
  };
  const close = (): void => {
    setOpen(null);
    setDraft(null);
  };
  const chips = draft ? [...filters, draft] : filters;

  return (
    <div className="filters" role="group" aria-label={t('filter.group')}>
      {chips.map((filter, place) => {
        const field = sectionField(section, filter.field);
        if (!field) return null;
        return (
          <Popover key={`${place}/${filter.field}`} open={open === place} trigger="click" placement="bottomLeft" destroyOnHidden
            onOpenChange={(shown) => (shown ? setOpen(place) : close())}
            content={(
              <Suspense fallback={<div className="filter-editor" />}>
                <FilterEditor section={section} field={field} filter={filter} onDone={(next) => {
                  close();
                  if (!filterNeedsValues(next.op) || next.values.some(Boolean)) put(place, next);
                }} />
              </Suspense>
            )}>
            <span className="chip">
              <button type="button" className="chip-words" aria-haspopup="dialog" aria-expanded={open === place}>
                <FilterWords section={section} field={field} filter={filter} />
              </button>
              <button type="button" className="chip-close" aria-label={t('filter.remove', { label: field.label })} onClick={(event) => {
                event.stopPropagation();
                close();
                onChange(filters.filter((_, at) => at !== place));
              }}><CloseOutlined /></button>
            </span>
          </Popover>
        );
      })}
      <FieldMenu fields={fields} onChoose={add}>
        <Button type="text" size="small" icon={<FilterOutlined />}>{t('filter.add')}</Button>
      </FieldMenu>
      {filters.length > 1 ? <Button type="text" size="small" onClick={() => onChange([])}>{t('filter.clear')}</Button> : null}
    </div>
  );
}

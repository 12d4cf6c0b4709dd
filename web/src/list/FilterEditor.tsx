import Button from 'antd/es/button';
import Checkbox from 'antd/es/checkbox';
import DatePicker from 'antd/es/date-picker';
import Input from 'antd/es/input';
import InputNumber from 'antd/es/input-number';
import Select from 'antd/es/select';
import dayjs from 'dayjs';
import { useState } from 'react';
import { shownType } from '../api/meta';
import type { Field, Section, Titled } from '../api/types';
import { dateFormats } from '../fields/DateEditor';
import { LookupSelect } from '../fields/LookupSelect';
import { useLanguage, useT } from '../i18n';
import type { Filter } from './filter';
import { filterNeedsValues, filterOps } from './filter';
import { useTitles } from './FilterWords';

interface Props { section: Section; field: Field; filter: Filter; onDone: (filter: Filter) => void }

/** One condition, set in the manner of its field's type. */
export default function FilterEditor({ section, field, filter, onDone }: Props) {
  const t = useT();
  const language = useLanguage();
  const [op, setOp] = useState(filter.op);
  const [values, setValues] = useState(filter.values);
  const type = shownType(field);
  const ops = filterOps(field);
  const titles = useTitles(type === 'lookup' ? field.to : undefined, type === 'lookup' ? values : []);
  const done = (): void => onDone({ field: field.name, op, values: filterNeedsValues(op) ? values : [] });
  const change = (next: string): void => {
    setOp(next);
    if (!filterNeedsValues(next)) onDone({ field: field.name, op: next, values: [] });
  };
  const side = (place: 0 | 1, text: string): void => setValues(place === 0 ? [text, values[1] ?? ''] : [values[0] ?? '', text]);
  const choices = type === 'stage'
    ? section.stages.flatMap((path) => path.stages).map((stage) => ({ value: stage.name, label: stage.label }))
    : (field.values ?? []).map((item) => ({ value: item.value, label: item.label }));
  const chosen: Titled[] = values.filter((id) => /^\d+$/.test(id)).map((id, place) => ({ id: Number(id), title: titles[place] ?? null }));

  const value = () => {
    if (op === 'contains' || op === 'eq') {
      return <Input autoFocus aria-label={field.label} value={values[0] ?? ''} maxLength={200} onChange={(event) => setValues([event.target.value])} />;
    }
    if (op === 'in' && type === 'lookup') {
      return <LookupSelect section={section.name} field={field} many autoFocus creatable={false} value={chosen} onChange={(next) => setValues(next.map((item) => String(item.id)))} />;
    }
    if (op === 'in') {
      return choices.length > 12
        ? <Select mode="multiple" className="wide" aria-label={field.label} autoFocus value={values} options={choices} onChange={(next: string[]) => setValues(next)} />
        : <Checkbox.Group className="filter-choices" value={values} options={choices} onChange={(next) => setValues(next.map(String))} />;
    }
    if (op === 'between' && (type === 'date' || type === 'datetime')) {
      return (
        <div className="filter-span">
          {([0, 1] as const).map((place) => (
            <DatePicker key={place} autoFocus={place === 0} aria-label={t(place === 0 ? 'filter.from' : 'filter.to')} placeholder={t(place === 0 ? 'filter.from' : 'filter.to')} format={dateFormats(language)}
              value={values[place] ? dayjs(values[place]) : null} onChange={(next) => side(place, next ? next.format('YYYY-MM-DD') : '')} />
          ))}
        </div>
      );
    }
    if (op === 'between') {
      return (
        <div className="filter-span">
          {([0, 1] as const).map((place) => (
            <InputNumber<string> key={place} stringMode controls={false} autoFocus={place === 0} aria-label={t(place === 0 ? 'filter.from' : 'filter.to')} placeholder={t(place === 0 ? 'filter.from' : 'filter.to')}
              decimalSeparator={language === 'ru' ? ',' : '.'} value={values[place] || null} onChange={(next) => side(place, next === null || next === undefined ? '' : String(next))} />
          ))}
        </div>
      );
    }
    return null;
  };

  return (
    <form className="filter-editor" onSubmit={(event) => { event.preventDefault(); done(); }}>
      {ops.length > 1 ? (
        <Select className="wide" aria-label={t('filter.how')} value={op} onChange={change} options={ops.map((item) => ({ value: item, label: t(`filter.${item}`) }))} />
      ) : null}
      {value()}
      <div className="filter-acts"><Button type="primary" htmlType="submit" size="small">{t('filter.apply')}</Button></div>
    </form>
  );
}

import ArrowDownOutlined from '@ant-design/icons/es/icons/ArrowDownOutlined';
import ArrowUpOutlined from '@ant-design/icons/es/icons/ArrowUpOutlined';
import HolderOutlined from '@ant-design/icons/es/icons/HolderOutlined';
import Button from 'antd/es/button';
import Checkbox from 'antd/es/checkbox';
import Drawer from 'antd/es/drawer';
import Input from 'antd/es/input/Input';
import { useState } from 'react';
import { useMeta } from '../api/meta';
import type { Section } from '../api/types';
import { useT } from '../i18n';
import { columnOf } from './column';
import { MANY_FIELDS } from './FieldMenu';

interface Props { section: Section; columns: string[]; declared: string[]; onChange: (columns: string[]) => void; onClose: () => void }

/** Which columns a list shows and in what order, by mouse or by keys. */
export default function ColumnChooser({ section, columns, declared, onChange, onClose }: Props) {
  const t = useT();
  const meta = useMeta();
  const [dragged, setDragged] = useState<string | null>(null);
  const [text, setText] = useState('');
  const named = (label: string): boolean => label.toLocaleLowerCase().includes(text.trim().toLocaleLowerCase());
  const others = section.fields.filter((field) => !columns.includes(field.name) && !(field.type === 'file' && field.many));
  const move = (name: string, to: number): void => {
    const rest = columns.filter((item) => item !== name);
    rest.splice(Math.max(0, Math.min(rest.length, to)), 0, name);
    onChange(rest);
  };
  return (
    <Drawer open size={360} title={t('columns.title')} onClose={onClose}
      extra={<Button size="small" onClick={() => onChange(declared)} disabled={columns.join() === declared.join()}>{t('columns.usual')}</Button>}>
      {section.fields.length > MANY_FIELDS ? <Input allowClear value={text} maxLength={100} placeholder={t('filter.field')} aria-label={t('filter.field')} onChange={(event) => setText(event.target.value)} /> : null}
      <ul className="columns">
        {columns.map((name, place) => {
          const field = columnOf(meta, section, name);
          return field && named(field.label) ? (
            <li key={name} draggable onDragStart={() => setDragged(name)} onDragEnd={() => setDragged(null)} className={dragged === name ? 'column-dragged' : ''}
              onDragOver={(event) => {
                event.preventDefault();
                if (dragged && dragged !== name) move(dragged, place);
              }}>
              <HolderOutlined className="quiet" aria-hidden />
              <Checkbox checked disabled={columns.length === 1} onChange={() => onChange(columns.filter((item) => item !== name))}>{field.label}</Checkbox>
              <span className="grow" />
              <Button type="text" size="small" icon={<ArrowUpOutlined />} disabled={place === 0} aria-label={t('columns.up', { label: field.label })} onClick={() => move(name, place - 1)} />
              <Button type="text" size="small" icon={<ArrowDownOutlined />} disabled={place === columns.length - 1} aria-label={t('columns.down', { label: field.label })} onClick={() => move(name, place + 1)} />
            </li>
          ) : null;
        })}
      </ul>
      {others.some((field) => named(field.label)) ? <h2 className="columns-more">{t('columns.more')}</h2> : null}
      <ul className="columns">
        {others.filter((field) => named(field.label)).map((field) => (
          <li key={field.name}><Checkbox checked={false} onChange={() => onChange([...columns, field.name])}>{field.label}</Checkbox></li>
        ))}
      </ul>
    </Drawer>
  );
}

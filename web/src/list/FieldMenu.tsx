import Dropdown from 'antd/es/dropdown';
import Input from 'antd/es/input/Input';
import type { KeyboardEvent, ReactElement } from 'react';
import { useEffect, useState } from 'react';
import type { Field } from '../api/types';
import { useT } from '../i18n';

/** More fields than these are looked for by a part of their name. */
export const MANY_FIELDS = 12;

const TURNS = 30;

export function fieldsNamed(fields: Field[], text: string): Field[] {
  const part = text.trim().toLocaleLowerCase();
  return part ? fields.filter((field) => field.label.toLocaleLowerCase().includes(part)) : fields;
}

interface Props { fields: Field[]; onChoose: (field: Field) => void; children: ReactElement }

/** A menu of fields; Enter in its search takes the first that is found. */
export function FieldMenu({ fields, onChoose, children }: Props) {
  const t = useT();
  const [open, setOpen] = useState(false);
  const [text, setText] = useState('');
  const found = fieldsNamed(fields, text);
  useEffect(() => {
    if (!open) return undefined;
    // The menu cannot take the cursor before it has found its place.
    let frame = 0;
    const focus = (turns: number): void => {
      const input = document.getElementById('field-menu');
      input?.focus({ preventScroll: true });
      if (turns && document.activeElement !== input) frame = window.requestAnimationFrame(() => focus(turns - 1));
    };
    frame = window.requestAnimationFrame(() => focus(TURNS));
    return () => window.cancelAnimationFrame(frame);
  }, [open]);
  const show = (next: boolean): void => {
    setOpen(next);
    if (next) setText('');
  };
  const choose = (field: Field | undefined): void => {
    if (!field) return;
    setOpen(false);
    onChoose(field);
  };
  const keys = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.key === 'Enter') choose(found[0]);
    else if (event.key === 'ArrowDown') event.currentTarget.closest('.field-menu')?.querySelector<HTMLElement>('.ant-dropdown-menu-item')?.focus();
    else if (event.key === 'Escape') setOpen(false);
    else {
      // The menu's own keys are letters here.
      event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <Dropdown trigger={['click']} open={open} onOpenChange={show} destroyOnHidden
      menu={{ className: 'long-menu', items: found.map((field) => ({ key: field.name, label: field.label })), onClick: ({ key }) => choose(fields.find((field) => field.name === key)) }}
      {...(fields.length > MANY_FIELDS ? {
        popupRender: (menu) => (
          <div className="field-menu">
            <div className="field-menu-search">
              <Input id="field-menu" size="small" allowClear value={text} maxLength={100} placeholder={t('filter.field')} aria-label={t('filter.field')} onChange={(event) => setText(event.target.value)} onKeyDown={keys} />
            </div>
            {found.length ? menu : <p className="quiet">{t('lookup.nothing')}</p>}
          </div>
        ),
      } : {})}>
      {children}
    </Dropdown>
  );
}

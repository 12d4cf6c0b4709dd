import { useEffect, useMemo, useState } from 'react';
import type { ReactNode } from 'react';
import { sectionField } from '../api/meta';
import type { LayoutItem, Section } from '../api/types';
import { TabStrip } from '../app/TabStrip';
import { useT } from '../i18n';
import { DetailBox } from './DetailBox';
import { fieldFlags, fieldInput } from './draft';
import { FieldBox } from './FieldBox';
import type { Form } from './useForm';

interface Props {
  section: Section;
  form: Form;
  recordId: number | null;
  /** 'all', or the names of fields that were clicked. */
  editing: 'all' | string[];
  scope: string;
  creatable?: boolean;
  withDetails?: boolean;
  onEdit: (name: string) => void;
  onLeave: (name: string) => void;
}

function names(items: LayoutItem[]): string[] {
  return items.flatMap((item) => ('items' in item ? names(item.items) : [item.name]));
}

/** The form as the configuration lays it out: what stands above, then tabs, groups within. */
export function FormLayout({ section, form, recordId, editing, scope, creatable = true, withDetails = true, onEdit, onLeave }: Props) {
  const items = section.layout.length ? section.layout : section.fields.filter((field) => !field.builtin).map((field) => ({ kind: 'field' as const, name: field.name }));
  const above = items.filter((item) => item.kind !== 'tab');
  const tabs = items.filter((item) => item.kind === 'tab');
  const t = useT();
  const [tab, setTab] = useState('');
  const faulty = useMemo(() => new Set([...Object.keys(form.faults.fields), ...Object.keys(form.faults.lines)]), [form.faults]);

  // The first fault may stand in a tab that is not open.
  useEffect(() => {
    if (form.attempt === 0) return undefined;
    const place = [...names(above), ...tabs.flatMap((item) => names(item.items))].find((name) => faulty.has(name));
    const holder = tabs.find((item) => place !== undefined && names(item.items).includes(place));
    if (holder) setTab(holder.name);
    if (!place) return undefined;
    const timer = window.setTimeout(() => {
      const box = document.querySelector(`#${scope} [data-field="${place}"]`);
      box?.scrollIntoView({ block: 'center', behavior: 'smooth' });
      box?.querySelector<HTMLElement>('input, textarea, button, [tabindex="0"]')?.focus({ preventScroll: true });
    }, 60);
    return () => window.clearTimeout(timer);
  }, [form.attempt]);

  const visible = (item: LayoutItem): boolean => {
    if ('items' in item) return item.items.some(visible);
    if (item.kind === 'detail') return withDetails && section.details.some((detail) => detail.name === item.name && (recordId !== null || detail.owned));
    const field = sectionField(section, item.name);
    if (!field || fieldFlags(field, form.states).hidden) return false;
    return recordId !== null || fieldInput(field);
  };
  const draw = (list: LayoutItem[]): ReactNode => list.filter(visible).map((item) => {
    if (item.kind === 'field') {
      const field = sectionField(section, item.name);
      return field ? (
        <FieldBox key={`f/${item.name}`} section={section} field={field} form={form} recordId={recordId} scope={scope} creatable={creatable}
          editing={editing === 'all' || editing.includes(item.name)} focus={editing !== 'all' && editing.at(-1) === item.name} onEdit={onEdit} onLeave={onLeave} />
      ) : null;
    }
    if (item.kind === 'detail') {
      const detail = section.details.find((one) => one.name === item.name);
      return detail ? <DetailBox key={`d/${item.name}`} section={section} detail={detail} form={form} recordId={recordId} editing={editing === 'all'} scope={scope} /> : null;
    }
    return (
      <fieldset key={`${item.kind}/${item.name}`} className="group">
        {item.label ? <legend>{item.label}</legend> : null}
        <div className="fields">{draw(item.items)}</div>
      </fieldset>
    );
  });
  const shown = tabs.filter(visible);
  const laidOut = new Set(names(items));
  const rest = section.details.filter((detail) => !laidOut.has(detail.name) && (recordId !== null || detail.owned));
  return (
    <div id={scope} className="form">
      <div className="fields">{draw(above)}</div>
      {shown.length ? (
        <TabStrip id={scope} label={t('record.tabs')} active={shown.some((item) => item.name === tab) ? tab : shown[0]?.name ?? ''} onChange={setTab} items={shown.map((item) => ({
          key: item.name,
          label: <>{item.label || item.name}{names(item.items).some((name) => faulty.has(name)) ? <span className="tab-fault" aria-hidden="true" /> : null}</>,
          children: <div className="fields">{draw(item.items)}</div>,
        }))} />
      ) : null}
      {withDetails ? rest.map((detail) => <DetailBox key={detail.name} section={section} detail={detail} form={form} recordId={recordId} editing={editing === 'all'} scope={scope} />) : null}
    </div>
  );
}

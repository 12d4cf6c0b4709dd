import { useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { sectionField } from '../api/meta';
import type { LayoutItem, Section } from '../api/types';
import { typing } from '../app/keys';
import { TabStrip } from '../app/TabStrip';
import { UploadsContext } from '../fields/uploads';
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

/** Brings the first fault of a field or of a detail's lines into sight and its editor under the cursor. */
function faultShow(box: Element): void {
  const fault = box.querySelector('.fault');
  const editor = fault?.id.endsWith('-fault') ? document.getElementById(fault.id.slice(0, -'-fault'.length)) : null;
  (fault ?? box).scrollIntoView({ block: 'center', behavior: window.matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
  (editor ?? (fault?.closest('tr') ?? box).querySelector<HTMLElement>('input, textarea, button, [tabindex="0"]'))?.focus({ preventScroll: true });
}

/** The form as the configuration lays it out: what stands above, then tabs, groups within. */
export function FormLayout({ section, form, recordId, editing, scope, creatable = true, withDetails = true, onEdit, onLeave }: Props) {
  const items = section.layout.length ? section.layout : section.fields.filter((field) => !field.builtin).map((field) => ({ kind: 'field' as const, name: field.name }));
  const above = items.filter((item) => item.kind !== 'tab');
  const tabs = items.filter((item) => item.kind === 'tab');
  const t = useT();
  const [tab, setTab] = useState('');
  const visible = (item: LayoutItem): boolean => {
    if ('items' in item) return item.items.some(visible);
    if (item.kind === 'detail') return withDetails && form.states?.[item.name]?.hidden !== true && section.details.some((detail) => detail.name === item.name && (recordId !== null || detail.owned));
    const field = sectionField(section, item.name);
    if (!field || fieldFlags(field, form.states).hidden) return false;
    return recordId !== null || fieldInput(field);
  };
  const shown = tabs.filter(visible);
  const active = shown.some((item) => item.name === tab) ? tab : shown[0]?.name ?? '';
  const faulty = useMemo(() => new Set([...Object.keys(form.faults.fields), ...Object.keys(form.faults.lines)]), [form.faults]);

  // Who went on typing elsewhere while the answer was on its way is not taken away from there.
  const held = useRef<Element | null>(null);
  const sought = useRef(0);
  useLayoutEffect(() => {
    if (form.attempt === sought.current) return;
    const place = [...names(above), ...tabs.flatMap((item) => names(item.items)), ...section.details.map((item) => item.name)].find((name) => faulty.has(name));
    // The first fault may stand in a tab that is not open: it is looked for again when it is.
    const holder = shown.find((item) => place !== undefined && names(item.items).includes(place))?.name;
    if (holder && holder !== active) {
      setTab(holder);
      return;
    }
    sought.current = form.attempt;
    const box = place === undefined ? null : document.querySelector(`#${scope} [data-field="${place}"]`);
    if (box && (!held.current || held.current === document.activeElement || !typing(document.activeElement))) faultShow(box);
  }, [form.attempt, active]);
  useLayoutEffect(() => {
    held.current = form.saving ? document.activeElement : null;
  }, [form.saving]);

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
  const laidOut = new Set(names(items));
  const rest = section.details.filter((detail) => !laidOut.has(detail.name) && form.states?.[detail.name]?.hidden !== true && (recordId !== null || detail.owned));
  return (
    <UploadsContext.Provider value={form.track}>
    <div id={scope} className="form">
      <div className="fields">{draw(above)}</div>
      {/* A tab alone is a heading: there is nothing to change over to. */}
      {shown.length === 1 ? <div className="fields">{draw([{ ...shown[0]!, kind: 'group' }])}</div> : null}
      {shown.length > 1 ? (
        <TabStrip id={scope} label={t('record.tabs')} active={active} onChange={setTab} items={shown.map((item) => ({
          key: item.name,
          label: <>{item.label || item.name}{names(item.items).some((name) => faulty.has(name)) ? <span className="tab-fault" aria-hidden="true" /> : null}</>,
          children: <div className="fields">{draw(item.items)}</div>,
        }))} />
      ) : null}
      {withDetails ? rest.map((detail) => <DetailBox key={detail.name} section={section} detail={detail} form={form} recordId={recordId} editing={editing === 'all'} scope={scope} />) : null}
    </div>
    </UploadsContext.Provider>
  );
}

import { useQuery } from '@tanstack/react-query';
import Input from 'antd/es/input';
import type { InputRef } from 'antd/es/input';
import Modal from 'antd/es/modal';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent } from 'react';
import { useLocation } from 'wouter';
import { get } from '../api/http';
import { useMeta } from '../api/meta';
import { queryString } from '../api/odata';
import { useT } from '../i18n';
import { importPath, listPath, newPath, recordPath, settingsPath } from './paths';
import { useDebounced } from './useDebounced';

interface Entry { key: string; group: string; label: string; path: string }
interface Answer { groups: { section: string; label: string; items: { id: number; title: string | null }[] }[] }

const MOST_ACTIONS = 8;

/** One box for everything: sections, actions and records by number or title. */
export default function CommandBox({ onClose }: { onClose: () => void }) {
  const t = useT();
  const meta = useMeta();
  const [, navigate] = useLocation();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const input = useRef<InputRef>(null);
  const asked = useDebounced(text.trim(), 180);
  const found = useQuery({
    queryKey: ['search', asked],
    queryFn: ({ signal }) => get<Answer>(`/ui/search${queryString({ q: asked })}`, { signal }),
    enabled: asked.length > 1,
    staleTime: 10_000,
  });

  const entries = useMemo((): Entry[] => {
    const sections = meta.menu.flatMap((group) => group.sections).map((name) => meta.sections[name]).filter((item) => item !== undefined);
    const words = text.trim().toLowerCase();
    const fits = (label: string): boolean => label.toLowerCase().includes(words);
    const places: Entry[] = sections.map((item) => ({ key: `s/${item.name}`, group: t('box.sections'), label: item.plural, path: listPath(item.name) }));
    const acts: Entry[] = [
      ...sections.filter((item) => item.can.create).map((item) => (
        { key: `n/${item.name}`, group: t('box.actions'), label: t('box.new', { label: item.label }), path: newPath(item.name) })),
      ...sections.filter((item) => item.can.import).map((item) => (
        { key: `i/${item.name}`, group: t('box.actions'), label: t('box.import', { label: item.plural }), path: importPath(item.name) })),
      ...(['profile', 'password', 'tokens'] as const).map((part) => (
        { key: `p/${part}`, group: t('box.actions'), label: t(`settings.${part}`), path: settingsPath(part) })),
    ];
    const records: Entry[] = words.length > 1 && found.data
      ? found.data.groups.flatMap((group) => group.items.map((item) => (
        { key: `r/${group.section}/${item.id}`, group: group.label, label: item.title || `№ ${item.id}`, path: recordPath(group.section, item.id) })))
      : [];
    return [...records, ...places.filter((entry) => fits(entry.label)), ...acts.filter((entry) => words !== '' && fits(entry.label)).slice(0, MOST_ACTIONS)];
  }, [meta, text, found.data, t]);

  useEffect(() => setAt(0), [text, found.data]);
  useEffect(() => {
    document.getElementById(`box-${at}`)?.scrollIntoView({ block: 'nearest' });
  }, [at]);

  const open = (entry: Entry | undefined): void => {
    if (!entry) return;
    onClose();
    navigate(entry.path);
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setAt((place) => Math.min(place + 1, entries.length - 1));
    else if (event.key === 'ArrowUp') setAt((place) => Math.max(place - 1, 0));
    else if (event.key === 'Enter') open(entries[at]);
    else return;
    event.preventDefault();
  };

  return (
    <Modal open onCancel={onClose} footer={null} closable={false} width={560} className="box" style={{ top: 80 }} title={<span className="hidden">{t('frame.search')}</span>}
      afterOpenChange={(shown) => shown && input.current?.focus()}>
      <Input ref={input} size="large" variant="borderless" placeholder={t('box.placeholder')} aria-label={t('frame.search')} value={text} maxLength={200}
        onChange={(event) => setText(event.target.value)} onKeyDown={key} role="combobox" aria-expanded={entries.length > 0} aria-controls="box-list"
        aria-activedescendant={entries.length ? `box-${at}` : undefined} />
      <div id="box-list" role="listbox" className="box-list" aria-label={t('box.results')}>
        {entries.map((entry, place) => (
          <div key={entry.key}>
            {entries[place - 1]?.group === entry.group ? null : <div className="box-group" role="presentation">{entry.group}</div>}
            <div id={`box-${place}`} role="option" aria-selected={place === at} className={place === at ? 'box-entry box-at' : 'box-entry'}
              onMouseMove={() => setAt(place)} onClick={() => open(entry)}>{entry.label}</div>
          </div>
        ))}
      </div>
      {entries.length === 0 ? <p className="box-none quiet" role="status">{found.isFetching ? t('state.loading') : t('box.nothing')}</p> : null}
      {found.isError ? <p className="box-none" role="alert">{t('error.failed')}</p> : null}
    </Modal>
  );
}

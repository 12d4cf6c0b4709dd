import { useRef } from 'react';
import type { KeyboardEvent, ReactNode } from 'react';

interface Tab { key: string; label: ReactNode; children: ReactNode }
interface Props { id: string; label: string; active: string; onChange: (key: string) => void; items: Tab[] }

/**
 * Tabs that scroll sideways where they do not fit. The library's own put a button for the rest into the list of tabs, which
 * readers of the screen take for a broken list. Panels stay mounted: what is typed in one is kept while another is shown.
 */
export function TabStrip({ id, label, active, onChange, items }: Props) {
  const strip = useRef<HTMLDivElement>(null);
  const key = (event: KeyboardEvent): void => {
    const at = items.findIndex((item) => item.key === active);
    const to = event.key === 'ArrowRight' ? at + 1 : event.key === 'ArrowLeft' ? at - 1 : event.key === 'Home' ? 0 : event.key === 'End' ? items.length - 1 : -1;
    const next = items[(to + items.length) % items.length];
    if (!['ArrowRight', 'ArrowLeft', 'Home', 'End'].includes(event.key) || !next) return;
    event.preventDefault();
    onChange(next.key);
    strip.current?.querySelector<HTMLElement>(`#${CSS.escape(`${id}-tab-${next.key}`)}`)?.focus();
  };
  return (
    <div className="tabs">
      <div ref={strip} role="tablist" aria-label={label} className="tab-strip" onKeyDown={key}>
        {items.map((item) => (
          <button key={item.key} type="button" role="tab" id={`${id}-tab-${item.key}`} aria-controls={`${id}-panel-${item.key}`} aria-selected={item.key === active} tabIndex={item.key === active ? 0 : -1}
            className={item.key === active ? 'tab tab-on' : 'tab'} onClick={() => onChange(item.key)}>{item.label}</button>
        ))}
      </div>
      {items.map((item) => (
        <div key={item.key} role="tabpanel" id={`${id}-panel-${item.key}`} aria-labelledby={`${id}-tab-${item.key}`} hidden={item.key !== active}>{item.children}</div>
      ))}
    </div>
  );
}

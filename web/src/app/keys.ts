/** Keys of the page: by what is printed on an English layout or by the physical key, so that a Russian layout works too. */
import { useEffect, useRef } from 'react';

const PHYSICAL: Record<string, string> = { KeyJ: 'j', KeyK: 'k', KeyE: 'e', KeyS: 's', KeyN: 'n' };

export type Keys = Record<string, (event: KeyboardEvent) => void>;

/** Whether keys go into a text there. */
export function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
    && !/^(checkbox|radio|button)$/.test((target as HTMLInputElement).type));
}

/** True while a dialog or drawer lies over the page: even saving is not the page's then. */
function blocked(): boolean {
  return document.querySelector('.ant-modal-wrap:not([style*="display: none"]), .ant-drawer-open') !== null;
}

/** True while a dialog, drawer or list of choices lies over the page: keys of the page rest then. */
export function covered(): boolean {
  return document.querySelector(
    '.ant-modal-wrap:not([style*="display: none"]), .ant-drawer-open, .ant-select-dropdown:not(.ant-select-dropdown-hidden), .ant-picker-dropdown:not(.ant-picker-dropdown-hidden), .ant-dropdown:not(.ant-dropdown-hidden), .ant-popover:not(.ant-popover-hidden)',
  ) !== null;
}

function name(event: KeyboardEvent): string {
  const mod = event.ctrlKey || event.metaKey;
  const key = PHYSICAL[event.code] ?? (event.key.length === 1 ? event.key.toLowerCase() : event.key);
  if (event.key === '?' || (event.shiftKey && event.code === 'Slash' && !mod) || (event.shiftKey && event.code === 'Digit7' && event.key === '?')) return '?';
  if (!mod && (event.key === '/' || (event.code === 'Slash' && !event.shiftKey))) return '/';
  return mod ? `mod+${key}` : key;
}

export function useKeys(keys: Keys, active = true): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    if (!active) return undefined;
    const listen = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.altKey) return;
      const key = name(event);
      const act = latest.current[key];
      if (!act) return;
      const mod = key.startsWith('mod+');
      if (!mod && (typing(event.target) || covered())) return;
      if (mod && key !== 'mod+k' && blocked()) return;
      event.preventDefault();
      act(event);
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, [active]);
}

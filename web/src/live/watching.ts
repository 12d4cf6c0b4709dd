/** What pages show, joined into one question to the server within its bounds. */
export type Shown = Record<string, number[]>;

export interface LiveEvent { section: string; changed: number[]; gone: number[]; more: boolean }

const SECTIONS = 16;
const IDS = 500;

/** Joins what several pages show, the first ones first; what goes beyond the server's bounds is left out. */
export function shownJoin(pages: Shown[]): Shown {
  const joined: Shown = {};
  let room = IDS;
  for (const page of pages) {
    for (const [section, ids] of Object.entries(page)) {
      if (!joined[section] && Object.keys(joined).length >= SECTIONS) continue;
      const known = (joined[section] ??= []);
      for (const id of ids) {
        if (room <= 0) break;
        if (known.includes(id)) continue;
        known.push(id);
        room -= 1;
      }
    }
  }
  return joined;
}

/** "/ui/events?order=1,2", or null when nothing is shown. The same pages give the same text, in whatever order they were opened. */
export function shownAddress(shown: Shown): string | null {
  const sections = Object.keys(shown).sort();
  if (!sections.length) return null;
  return `/ui/events?${sections.map((section) => `${section}=${[...(shown[section] ?? [])].sort((a, b) => a - b).join(',')}`).join('&')}`;
}

/** The part of an event that concerns a page which shows these ids, or null. An id that another page shows is news of others here. */
export function eventFor(event: LiveEvent, ids: number[]): LiveEvent | null {
  const own = new Set(ids);
  const changed = event.changed.filter((id) => own.has(id));
  const gone = event.gone.filter((id) => own.has(id));
  const more = event.more || changed.length < event.changed.length;
  return changed.length || gone.length || more ? { section: event.section, changed, gone, more } : null;
}

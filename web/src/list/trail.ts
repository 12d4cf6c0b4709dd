/** The list a record was opened from, so that its page can go to the previous and the next one. */
import type { ListQuery } from './useRows';

export interface Trail { section: string; query: ListQuery; index: number; id: number; address: string; total: number; exceeded: boolean }

const KEPT = 'ostov.trail';

export function trailSet(trail: Trail): void {
  window.sessionStorage.setItem(KEPT, JSON.stringify(trail));
}

export function trailGet(section: string): Trail | null {
  try {
    const trail = JSON.parse(window.sessionStorage.getItem(KEPT) ?? 'null') as Trail | null;
    return trail && trail.section === section ? trail : null;
  } catch {
    return null;
  }
}

/**
 * The address, as a store of our own under wouter: a guard may hold a navigation back (unsaved changes), the browser's
 * back button included, which the history API alone cannot refuse.
 */
import { useSyncExternalStore } from 'react';

export type Guard = (proceed: () => void) => boolean;

interface Place { path: string; search: string }

const listeners = new Set<() => void>();
let guard: Guard | null = null;
let place: Place = here();
let index: number = currentIndex();
let ignoring = false;

function here(): Place {
  return { path: window.location.pathname, search: window.location.search.replace(/^\?/, '') };
}

function currentIndex(): number {
  const state = window.history.state as { index?: number } | null;
  return state?.index ?? 0;
}

function settle(): void {
  place = here();
  index = currentIndex();
  listeners.forEach((listener) => listener());
}

window.addEventListener('popstate', () => {
  if (ignoring) {
    ignoring = false;
    return;
  }
  const target = currentIndex();
  const delta = target - index;
  if (guard && delta !== 0) {
    const held = guard(() => {
      guard = null;
      window.history.go(delta);
    });
    if (held) {
      ignoring = true;
      window.history.go(-delta);
      return;
    }
  }
  settle();
});

export interface NavigateOptions { replace?: boolean; force?: boolean }

export function navigate(to: string, options: NavigateOptions = {}): void {
  const go = (): void => {
    if (options.replace) window.history.replaceState({ index }, '', to);
    else window.history.pushState({ index: index + 1 }, '', to);
    settle();
  };
  const samePath = new URL(to, window.location.href).pathname === place.path;
  if (guard && !options.force && !samePath) {
    const held = guard(() => {
      guard = null;
      go();
    });
    if (held) return;
  }
  go();
}

/** Goes back when there is where to, else to the given address. */
export function back(fallback: string): void {
  if (index > 0) window.history.back();
  else navigate(fallback);
}

/** Sets the guard; it returns true when it holds the navigation and will call `proceed` itself. */
export function setGuard(next: Guard | null): void {
  guard = next;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useLocationHook(): [string, (to: string, options?: NavigateOptions) => void] {
  return [useSyncExternalStore(subscribe, () => place.path), navigate];
}

export function useSearchHook(): string {
  return useSyncExternalStore(subscribe, () => place.search);
}

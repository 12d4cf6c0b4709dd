/** A page that hears what others change. */
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Hear } from './live';
import { liveWatch } from './live';

const SHORT = 2_000;

/** Calls `hear` for changes of these records of the section; `section` null: of none. */
export function useLive(section: string | null, ids: number[], hear: Hear): void {
  const now = useRef(hear);
  now.current = hear;
  const names = ids.join();
  useEffect(() => {
    if (section === null) return undefined;
    return liveWatch(section, names ? names.split(',').map(Number) : [], (event) => now.current(event));
  }, [section, names]);
}

/** What has just changed, for two seconds: names are added, and go by themselves. */
export function useFresh<T>(): [ReadonlySet<T>, (items: T[]) => void] {
  const [fresh, setFresh] = useState<ReadonlySet<T>>(() => new Set());
  const timer = useRef(0);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const add = useCallback((items: T[]) => {
    if (!items.length) return;
    setFresh((before) => new Set([...before, ...items]));
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setFresh(new Set()), SHORT);
  }, []);
  return [fresh, add];
}

/** Runs `act` at once when it was quiet, and once more at the end of every `pause` ms in which it was asked again. */
export function useCalm(act: () => void, pause: number): () => void {
  const now = useRef(act);
  now.current = act;
  const timer = useRef(0);
  const asked = useRef(false);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  return useCallback(() => {
    const run = (): void => {
      asked.current = false;
      now.current();
      timer.current = window.setTimeout(() => {
        timer.current = 0;
        if (asked.current) run();
      }, pause);
    };
    if (timer.current) asked.current = true;
    else run();
  }, [pause]);
}

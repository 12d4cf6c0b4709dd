/** Files on their way to a form: what is saved waits for them, what is cancelled stops them. */
import { createContext, useCallback, useEffect, useMemo, useRef, useState } from 'react';

/** `arrived` gives whether the file has come into the form; it never rejects. */
export interface Sending { arrived: Promise<boolean>; cancel: () => void }

/** Told of every file that an editor within begins to send. */
export const UploadsContext = createContext<(sending: Sending) => void>(() => {});

export function useUploads() {
  const list = useRef(new Set<Sending>());
  const [going, setGoing] = useState(0);
  const track = useCallback((sending: Sending) => {
    list.current.add(sending);
    setGoing(list.current.size);
    void sending.arrived.then(() => {
      list.current.delete(sending);
      setGoing(list.current.size);
    });
  }, []);
  /** Waits for all that are on their way; false when one did not arrive. */
  const settled = useCallback(async () => (await Promise.all([...list.current].map((sending) => sending.arrived))).every(Boolean), []);
  const cancel = useCallback(() => list.current.forEach((sending) => sending.cancel()), []);
  useEffect(() => cancel, [cancel]);
  return useMemo(() => ({ going, track, settled, cancel }), [going, track, settled, cancel]);
}

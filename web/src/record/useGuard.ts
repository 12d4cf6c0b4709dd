import { useCallback, useEffect, useState } from 'react';
import { setGuard } from '../app/location';

export interface Leaving { leave: () => void; stay: () => void }

/** Leaving with something unsaved asks: inside the application, by the back button, and on closing the page. */
export function useGuard(dirty: boolean): Leaving | null {
  const [proceed, setProceed] = useState<(() => void) | null>(null);
  const stay = useCallback(() => setProceed(null), []);
  useEffect(() => {
    if (!dirty) return undefined;
    setGuard((next) => {
      setProceed(() => next);
      return true;
    });
    const closing = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener('beforeunload', closing);
    return () => {
      setGuard(null);
      window.removeEventListener('beforeunload', closing);
    };
  }, [dirty]);
  return proceed ? { stay, leave: () => { setProceed(null); proceed(); } } : null;
}

import { useEffect } from 'react';

const REST = 90;

/** A cell of a row that is not here yet; resting in sight it asks for the row's page. */
export function Pending({ index, want, place }: { index: number; want: (index: number) => void; place: number }) {
  useEffect(() => {
    if (place !== 0 || index < 0) return undefined;
    const timer = window.setTimeout(() => want(index), REST);
    return () => window.clearTimeout(timer);
  }, [index, want, place]);
  return <span className="bone" style={{ width: `${55 + ((index * 7 + place * 13) % 35 + 35) % 35}%` }} />;
}

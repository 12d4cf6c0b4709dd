import message from 'antd/es/message';
import { useMemo } from 'react';
import type { ReactNode } from 'react';
import { NotesContext } from './notesContext';

/** Short notes at the top of the page: what was done, what was refused. */
export function Notes({ children }: { children: ReactNode }) {
  const [api, holder] = message.useMessage({ top: 12, maxCount: 3 });
  const notes = useMemo(() => ({
    done: (text: string) => void api.success(text, 3),
    refused: (text: string) => void api.error(text, 6),
  }), [api]);
  return <NotesContext.Provider value={notes}>{holder}{children}</NotesContext.Provider>;
}

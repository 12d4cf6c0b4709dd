import Button from 'antd/es/button';
import message from 'antd/es/message';
import { useMemo } from 'react';
import type { ReactNode } from 'react';
import { useT } from '../i18n';
import { NotesContext } from './notesContext';

/** Seconds in which what was done can be taken back. */
const UNDO = 10;

/** Short notes at the top of the page: what was done, what was refused. */
export function Notes({ children }: { children: ReactNode }) {
  const [api, holder] = message.useMessage({ top: 12, maxCount: 3 });
  const t = useT();
  const notes = useMemo(() => ({
    done: (text: string) => void api.success(text, 3),
    refused: (text: string) => void api.error(text, 6),
    undoable: (text: string, undo: () => void) => {
      const key = `undo/${Date.now()}`;
      void api.open({ key, type: 'success', duration: UNDO, content: <>{text} <Button type="link" size="small" className="undo" onClick={() => { api.destroy(key); undo(); }}>{t('act.undo')}</Button></> });
    },
  }), [api, t]);
  return <NotesContext.Provider value={notes}>{holder}{children}</NotesContext.Provider>;
}

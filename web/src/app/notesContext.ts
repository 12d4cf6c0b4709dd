import { createContext, useContext } from 'react';

export interface NotesActs { done: (text: string) => void; refused: (text: string) => void; undoable: (text: string, undo: () => void) => void }

export const NotesContext = createContext<NotesActs>({ done: () => {}, refused: () => {}, undoable: () => {} });

export const useNotes = (): NotesActs => useContext(NotesContext);

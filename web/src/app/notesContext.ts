import { createContext, useContext } from 'react';

export interface NotesActs { done: (text: string) => void; refused: (text: string) => void }

export const NotesContext = createContext<NotesActs>({ done: () => {}, refused: () => {} });

export const useNotes = (): NotesActs => useContext(NotesContext);

import { createContext, useContext } from 'react';

export interface FrameActs { openSearch: () => void; openHelp: () => void }

export const FrameContext = createContext<FrameActs>({ openSearch: () => {}, openHelp: () => {} });

export const useFrame = (): FrameActs => useContext(FrameContext);

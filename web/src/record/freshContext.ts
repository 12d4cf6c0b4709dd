import { createContext } from 'react';

/** Names of fields that somebody else has just changed on this page's record. */
export const FreshContext = createContext<ReadonlySet<string>>(new Set());

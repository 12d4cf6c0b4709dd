/** Who is signed in, as a store: `out` shows the sign-in page, `expired` asks again over the page so that no draft is lost. */
import { useSyncExternalStore } from 'react';
import { get, httpSetup, request, send, ApiError } from '../api/http';
import type { Me, ThemeChoice, User } from '../api/types';
import { languageSet, LANGUAGES } from '../i18n';
import { themeSet } from './theme';

export type Session =
  | { state: 'starting' }
  | { state: 'unreachable' }
  | { state: 'out' }
  | { state: 'in'; user: User }
  | { state: 'expired'; user: User };

let session: Session = { state: 'starting' };
const listeners = new Set<() => void>();

function set(next: Session): void {
  session = next;
  listeners.forEach((listener) => listener());
}

function enter(me: Me): void {
  const user = me.user;
  httpSetup({ csrf: me.csrf });
  if ((LANGUAGES as readonly string[]).includes(user.language)) {
    httpSetup({ language: user.language });
    void languageSet(user.language);
  }
  if (user.theme) themeSet(user.theme);
  set({ state: 'in', user });
}

httpSetup({
  onSignedOut: () => {
    if (session.state === 'in') set({ state: 'expired', user: session.user });
  },
});

export async function sessionStart(): Promise<void> {
  try {
    enter(await get<Me>('/auth/me', { anonymous: true }));
  } catch (error) {
    set({ state: error instanceof ApiError && error.status === 401 ? 'out' : 'unreachable' });
  }
}

export async function signIn(login: string, password: string): Promise<void> {
  const before = session.state === 'expired' ? session.user.id : null;
  const answer = await request<{ user: User; csrf: string }>('/auth/login', { method: 'POST', body: { login, password }, anonymous: true });
  if (before !== null && before !== answer.data.user.id) {
    window.location.assign('/');
    return;
  }
  enter(answer.data);
}

export async function signOut(): Promise<void> {
  await send('POST', '/auth/logout');
  window.location.assign('/');
}

export async function userChange(change: { language?: string; theme?: ThemeChoice }): Promise<void> {
  if (change.theme) themeSet(change.theme);
  if (change.language) {
    httpSetup({ language: change.language });
    void languageSet(change.language);
  }
  enter(await send<Me>('PATCH', '/auth/me', change));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSession(): Session {
  return useSyncExternalStore(subscribe, () => session);
}

/** The catalogue: i18next under a small hook, so that a switch of language redraws at once. */
import i18next from 'i18next';
import { useSyncExternalStore } from 'react';

export const LANGUAGES = ['en', 'ru'] as const;

/** Only the catalogue in use is fetched. */
async function words(language: string): Promise<Record<string, unknown>> {
  return language === 'ru' ? (await import('./ru')).ru : (await import('./en')).en;
}

const KEPT = 'ostov.language';

export function languageFirst(): string {
  const kept = window.localStorage.getItem(KEPT);
  if (kept && (LANGUAGES as readonly string[]).includes(kept)) return kept;
  return navigator.language.toLowerCase().startsWith('ru') ? 'ru' : 'en';
}

export async function i18nStart(): Promise<void> {
  const first = languageFirst();
  await i18next.init({
    lng: first,
    fallbackLng: false,
    resources: { [first]: { translation: await words(first) } },
    interpolation: { escapeValue: false },
    keySeparator: '.',
    showSupportNotice: false,
  } as Parameters<typeof i18next.init>[0]);
  document.documentElement.lang = i18next.language;
}

let wanted = '';

export async function languageSet(language: string): Promise<void> {
  wanted = language;
  if (i18next.language === language) return;
  window.localStorage.setItem(KEPT, language);
  const catalogue = await words(language);
  if (wanted !== language) return;
  i18next.addResourceBundle(language, 'translation', catalogue);
  document.documentElement.lang = language;
  await i18next.changeLanguage(language);
}

function subscribe(listener: () => void): () => void {
  i18next.on('languageChanged', listener);
  return () => i18next.off('languageChanged', listener);
}

export function useLanguage(): string {
  return useSyncExternalStore(subscribe, () => i18next.language);
}

export type Translate = (key: string, values?: Record<string, unknown>) => string;

export const t: Translate = (key, values) => i18next.t(key, values ?? {}) as string;

export function useT(): Translate {
  useLanguage();
  return t;
}

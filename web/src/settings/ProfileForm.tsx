import Segmented from 'antd/es/segmented';
import type { ThemeChoice } from '../api/types';
import { errorText } from '../app/errors';
import { useNotes } from '../app/notesContext';
import { useSession, userChange } from '../app/session';
import { LANGUAGES, useT } from '../i18n';

const THEMES: ThemeChoice[] = ['light', 'dark', 'system'];

export function ProfileForm() {
  const t = useT();
  const notes = useNotes();
  const session = useSession();
  if (session.state !== 'in') return null;
  const { user } = session;
  const set = (change: { language?: string; theme?: ThemeChoice }): void => {
    userChange(change).catch((error: unknown) => notes.refused(errorText(error, t)));
  };
  return (
    <dl className="profile">
      <dt>{t('settings.name')}</dt><dd>{user.name}</dd>
      <dt>{t('signin.login')}</dt><dd>{user.login}</dd>
      <dt id="profile-language">{t('user.language')}</dt>
      <dd><Segmented aria-labelledby="profile-language" value={user.language} onChange={(language) => set({ language })} options={LANGUAGES.map((item) => ({ value: item as string, label: t(`language.${item}`) }))} /></dd>
      <dt id="profile-theme">{t('user.theme')}</dt>
      <dd><Segmented<ThemeChoice> aria-labelledby="profile-theme" value={user.theme} onChange={(theme) => set({ theme })} options={THEMES.map((item) => ({ value: item, label: t(`theme.${item}`) }))} /></dd>
    </dl>
  );
}

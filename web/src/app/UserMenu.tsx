import CheckOutlined from '@ant-design/icons/es/icons/CheckOutlined';
import Dropdown from 'antd/es/dropdown';
import { useLocation } from 'wouter';
import type { ThemeChoice, User } from '../api/types';
import { LANGUAGES, useT } from '../i18n';
import { errorText } from './errors';
import { useFrame } from './frameContext';
import { useNotes } from './notesContext';
import { settingsPath } from './paths';
import { signOut, userChange } from './session';

const THEMES: ThemeChoice[] = ['light', 'dark', 'system'];

export function UserMenu({ user, folded, onChoose }: { user: User; folded: boolean; onChoose?: (() => void) | undefined }) {
  const t = useT();
  const [, navigate] = useLocation();
  const notes = useNotes();
  const frame = useFrame();
  const attempt = (work: Promise<unknown>): void => {
    work.catch((error: unknown) => notes.refused(errorText(error, t)));
  };
  const go = (path: string): void => {
    onChoose?.();
    navigate(path);
  };
  const choice = (kind: 'language' | 'theme', item: string, lang?: string) => ({
    key: `${kind}-${item}`,
    label: user[kind] === item ? <span className="menu-chosen">{t(`${kind}.${item}`)} <CheckOutlined aria-label={t('user.chosen')} /></span> : t(`${kind}.${item}`),
    ...(lang ? { lang } : {}),
  });
  const initials = user.name.split(/\s+/).slice(0, 2).map((word) => word[0] ?? '').join('').toUpperCase();
  return (
    <Dropdown trigger={['click']} placement="topLeft" menu={{
      selectedKeys: [`language-${user.language}`, `theme-${user.theme}`],
      items: [
        { type: 'group', label: t('user.language'), children: LANGUAGES.map((item) => choice('language', item, item)) },
        { type: 'group', label: t('user.theme'), children: THEMES.map((item) => choice('theme', item)) },
        { type: 'divider' },
        { key: 'password', label: t('user.password') },
        { key: 'tokens', label: t('user.tokens') },
        { key: 'keys', label: t('user.keys') },
        { type: 'divider' },
        { key: 'out', label: t('user.out') },
      ],
      onClick: ({ key }) => {
        if (key.startsWith('language-')) attempt(userChange({ language: key.slice(9) }));
        else if (key.startsWith('theme-')) attempt(userChange({ theme: key.slice(6) as ThemeChoice }));
        else if (key === 'out') attempt(signOut());
        else if (key === 'keys') {
          onChoose?.();
          frame.openHelp();
        } else go(settingsPath(key));
      },
    }}>
      <button type="button" className="who" aria-label={t('user.menu', { name: user.name })}>
        <span className="who-face" aria-hidden="true">{initials}</span>
        {folded ? null : <span className="who-name">{user.name}</span>}
      </button>
    </Dropdown>
  );
}

import { useLocation } from 'wouter';
import { settingsPath } from '../app/paths';
import { TabStrip } from '../app/TabStrip';
import { useTitle } from '../app/title';
import { useT } from '../i18n';
import { PasswordForm } from './PasswordForm';
import { ProfileForm } from './ProfileForm';
import { TokenList } from './TokenList';

const PARTS = ['profile', 'password', 'tokens'] as const;

/** What a person sets up for himself. */
export default function SettingsPage({ part }: { part: string | undefined }) {
  const t = useT();
  const [, navigate] = useLocation();
  useTitle(t('settings.title'));
  const shown = PARTS.find((item) => item === part) ?? 'profile';
  const pages = { profile: <ProfileForm />, password: <PasswordForm />, tokens: <TokenList /> };
  return (
    <div className="page">
      <div className="page-head"><h1>{t('settings.title')}</h1></div>
      <div className="settings">
        <TabStrip id="settings" label={t('settings.title')} active={shown} onChange={(key) => navigate(settingsPath(key))}
          items={PARTS.map((item) => ({ key: item, label: t(`settings.${item}`), children: item === shown ? pages[item] : null }))} />
      </div>
    </div>
  );
}

import Button from 'antd/es/button';
import { httpSetup } from '../api/http';
import { languageSet, LANGUAGES, useLanguage, useT } from '../i18n';
import { useTitle } from '../app/title';
import { SignInForm } from './SignInForm';

export function SignInPage() {
  const t = useT();
  const language = useLanguage();
  useTitle(t('signin.title'));
  const choose = (next: string): void => {
    httpSetup({ language: next });
    void languageSet(next);
  };
  return (
    <main className="signin">
      <div className="signin-card">
        <img src="/mark.svg" alt="" width={44} height={44} />
        <h1>{t('signin.title')}</h1>
        <SignInForm key={language} />
        <div className="signin-languages" role="group" aria-label={t('user.language')}>
          {LANGUAGES.map((item) => (
            <Button key={item} type="text" size="small" aria-pressed={item === language} onClick={() => choose(item)} lang={item}>
              {t(`language.${item}`)}
            </Button>
          ))}
        </div>
      </div>
    </main>
  );
}

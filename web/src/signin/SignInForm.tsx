import Alert from 'antd/es/alert';
import Button from 'antd/es/button';
import Input from 'antd/es/input/Input';
import Password from 'antd/es/input/Password';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { errorText } from '../app/errors';
import { signIn } from '../app/session';
import { useT } from '../i18n';

export function SignInForm({ login: known }: { login?: string }) {
  const t = useT();
  const [login, setLogin] = useState(known ?? '');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (!login || !password) {
      setError(t('signin.both'));
      return;
    }
    setBusy(true);
    setError(null);
    try {
      await signIn(login.trim(), password);
    } catch (reason) {
      setError(errorText(reason, t));
      setBusy(false);
    }
  };

  return (
    <form className="signin-form" onSubmit={(event) => void submit(event)} noValidate>
      {error ? <Alert type="error" title={error} showIcon role="alert" /> : null}
      <label htmlFor="login">{t('signin.login')}</label>
      <Input id="login" name="login" size="large" autoComplete="username" autoCapitalize="none" spellCheck={false} autoFocus={!known}
        value={login} onChange={(event) => setLogin(event.target.value)} maxLength={200} />
      <label htmlFor="password">{t('signin.password')}</label>
      <Password id="password" name="password" size="large" autoComplete="current-password" autoFocus={Boolean(known)}
        value={password} onChange={(event) => setPassword(event.target.value)} maxLength={1000} />
      <Button type="primary" size="large" htmlType="submit" loading={busy} block>{t('signin.enter')}</Button>
    </form>
  );
}

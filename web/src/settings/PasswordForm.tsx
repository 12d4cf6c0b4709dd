import Alert from 'antd/es/alert';
import Button from 'antd/es/button';
import Password from 'antd/es/input/Password';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { ApiError, send } from '../api/http';
import { errorText } from '../app/errors';
import { useNotes } from '../app/notesContext';
import { useT } from '../i18n';
import { errorsOf } from '../record/draft';

const FIELDS = ['old', 'new', 'again'] as const;
type Name = (typeof FIELDS)[number];

export function PasswordForm() {
  const t = useT();
  const notes = useNotes();
  const [values, setValues] = useState<Record<Name, string>>({ old: '', new: '', again: '' });
  const [faults, setFaults] = useState<Partial<Record<Name, string>>>({});
  const [rest, setRest] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setRest(null);
    const found: Partial<Record<Name, string>> = {};
    for (const name of FIELDS) if (!values[name]) found[name] = t('field.required');
    if (values.new && values.again && values.new !== values.again) found.again = t('settings.differ');
    setFaults(found);
    if (Object.keys(found).length) return;
    setBusy(true);
    try {
      await send('POST', '/auth/password', { old: values.old, new: values.new });
      setValues({ old: '', new: '', again: '' });
      notes.done(t('settings.password_done'));
    } catch (error) {
      const placed: Partial<Record<Name, string>> = {};
      if (error instanceof ApiError) for (const one of errorsOf(error.body)) if (one.target === 'old' || one.target === 'new') placed[one.target] = one.message;
      setFaults(placed);
      if (!Object.keys(placed).length) setRest(errorText(error, t));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form className="narrow-form stack" onSubmit={(event) => void submit(event)} noValidate>
      {rest ? <Alert type="error" showIcon title={rest} role="alert" /> : null}
      {FIELDS.map((name) => (
        <div key={name}>
          <label htmlFor={`password-${name}`}>{t(`settings.password_${name}`)}</label>
          <Password id={`password-${name}`} autoComplete={name === 'old' ? 'current-password' : 'new-password'} value={values[name]} maxLength={1000} status={faults[name] ? 'error' : ''}
            aria-describedby={faults[name] ? `password-${name}-fault` : undefined} onChange={(event) => setValues((before) => ({ ...before, [name]: event.target.value }))} />
          {faults[name] ? <div id={`password-${name}-fault`} className="fault" role="alert">{faults[name]}</div> : null}
        </div>
      ))}
      <div><Button type="primary" htmlType="submit" loading={busy}>{t('user.password')}</Button></div>
    </form>
  );
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import Alert from 'antd/es/alert';
import Button from 'antd/es/button';
import Input from 'antd/es/input/Input';
import Popconfirm from 'antd/es/popconfirm';
import Select from 'antd/es/select';
import Skeleton from 'antd/es/skeleton';
import { useState } from 'react';
import { useMeta } from '../api/meta';
import { get, send } from '../api/http';
import { errorText } from '../app/errors';
import { TroubleOf } from '../app/Trouble';
import { dateTimeFormat } from '../fields/dates';
import { useLanguage, useT } from '../i18n';

interface Token { id: number; name: string; created_at: string; expires_at: string | null; last_used_at: string | null }

const DAYS = [30, 90, 365, 0];

/** Keys for programs that act as this person; a new one is shown once. */
export function TokenList() {
  const t = useT();
  const language = useLanguage();
  const { zone } = useMeta();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [days, setDays] = useState(90);
  const query = useQuery({ queryKey: ['tokens'], queryFn: ({ signal }) => get<{ value: Token[] }>('/auth/tokens', { signal }) });
  const refresh = (): void => void client.invalidateQueries({ queryKey: ['tokens'] });
  const create = useMutation({
    mutationFn: () => send<{ id: number; token: string }>('POST', '/auth/tokens', { name: name.trim(), ...(days ? { days } : {}) }),
    onSuccess: () => {
      setName('');
      refresh();
    },
  });
  const revoke = useMutation({ mutationFn: (id: number) => send('DELETE', `/auth/tokens(${id})`), onSuccess: refresh });
  const when = (value: string | null): string => (value ? dateTimeFormat(value, language, zone) : t('settings.never'));
  const problem = create.error ?? revoke.error;
  return (
    <div className="stack tokens">
      <p className="quiet">{t('settings.tokens_text')}</p>
      {problem ? <Alert type="error" showIcon title={errorText(problem, t)} role="alert" /> : null}
      {create.data ? (
        <Alert type="success" title={t('settings.token_once')} description={<code className="token">{create.data.token}</code>}
          action={<Button size="small" onClick={() => void navigator.clipboard?.writeText(create.data.token)}>{t('settings.copy')}</Button>} />
      ) : null}
      <form className="token-form" onSubmit={(event) => { event.preventDefault(); if (name.trim()) create.mutate(); }}>
        <label className="grow"><span>{t('settings.token_name')}</span><Input value={name} maxLength={100} onChange={(event) => setName(event.target.value)} /></label>
        <div><label htmlFor="token-days">{t('settings.token_days')}</label>
          <Select id="token-days" value={days} onChange={setDays} options={DAYS.map((item) => ({ value: item, label: item ? t('settings.days', { count: item }) : t('settings.no_end') }))} /></div>
        <Button type="primary" htmlType="submit" loading={create.isPending} disabled={!name.trim()}>{t('settings.token_create')}</Button>
      </form>
      {query.isPending ? <Skeleton active paragraph={{ rows: 2 }} title={false} /> : null}
      {query.isError ? <TroubleOf error={query.error} retry={() => void query.refetch()} /> : null}
      {query.data && !query.data.value.length ? <p className="quiet">{t('settings.no_tokens')}</p> : null}
      {query.data?.value.length ? (
        <div className="detail-scroll">
          <table className="lines row-cards">
            <thead><tr>{['token_name', 'created', 'expires', 'used'].map((key) => <th key={key} scope="col">{t(`settings.${key}`)}</th>)}<th><span className="hidden">{t('detail.acts')}</span></th></tr></thead>
            <tbody>
              {query.data.value.map((token) => (
                <tr key={token.id}>
                  <th scope="row">{token.name}</th><td data-label={t('settings.created')}>{when(token.created_at)}</td><td data-label={t('settings.expires')}>{token.expires_at ? when(token.expires_at) : t('settings.no_end')}</td>
                  <td data-label={t('settings.used')}>{when(token.last_used_at)}</td>
                  <td className="right">
                    <Popconfirm title={t('settings.revoke_ask', { name: token.name })} okText={t('settings.revoke')} cancelText={t('act.cancel')} onConfirm={() => revoke.mutate(token.id)}>
                      <Button size="small" danger>{t('settings.revoke')}</Button>
                    </Popconfirm>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </div>
  );
}

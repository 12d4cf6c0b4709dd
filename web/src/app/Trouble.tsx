import Button from 'antd/es/button';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { ApiError } from '../api/http';
import { useT } from '../i18n';

export type TroubleKind = 'unreachable' | 'failed' | 'updated' | 'not_found' | 'no_right';

/** A page that cannot be shown: what happened in words, and what can be done. */
export function Trouble({ kind, message, id, retry, children }: {
  kind: TroubleKind; message?: string | undefined; id?: string | undefined; retry?: (() => void) | undefined; children?: ReactNode;
}) {
  const t = useT();
  return (
    <div className="trouble" role="alert">
      <h2>{t(`trouble.${kind}.title`)}</h2>
      <p>{message || t(`trouble.${kind}.text`)}</p>
      {id ? <p className="quiet">{t('trouble.id', { id })}</p> : null}
      <p className="trouble-acts">
        {retry ? <Button type="primary" onClick={retry}>{t(kind === 'updated' ? 'act.reload' : 'act.retry')}</Button> : null}
        {kind === 'not_found' || kind === 'no_right' ? <Link href="/">{t('act.home')}</Link> : null}
        {children}
      </p>
    </div>
  );
}

/** The same from an error of the server. */
export function TroubleOf({ error, retry }: { error: unknown; retry?: () => void }) {
  if (error instanceof ApiError) {
    if (error.status === 0) return <Trouble kind="unreachable" retry={retry} />;
    if (error.status === 404) return <Trouble kind="not_found" />;
    if (error.status === 403) return <Trouble kind="no_right" message={error.message} />;
    return <Trouble kind="failed" message={error.message} id={error.body.id} retry={retry} />;
  }
  return <Trouble kind="failed" retry={retry} />;
}

import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useMemo, useRef } from 'react';
import { Redirect, Route, Switch } from 'wouter';
import { MetaContext, useMetaQuery } from '../api/meta';
import type { User } from '../api/types';
import { ListPage } from '../list/ListPage';
import { liveStart } from '../live/live';
import { Frame } from './Frame';
import { PageWaiting } from './PageWaiting';
import { listPath } from './paths';
import { Starting } from './Starting';
import { Trouble, TroubleOf } from './Trouble';
import { Boundary } from './Boundary';
import { useTitleSetup } from './title';

const Expired = lazy(() => import('../signin/Expired'));
const ImportPage = lazy(() => import('../import/ImportPage'));
const RecordPage = lazy(() => import('../record/RecordPage'));
const SettingsPage = lazy(() => import('../settings/SettingsPage'));

/** Everything behind the sign-in: the description is fetched, the frame drawn, the page chosen by the address. */
export function SignedIn({ user, expired }: { user: User; expired: boolean }) {
  const query = useMetaQuery(user.id, user.language);
  const meta = query.data;
  const client = useQueryClient();
  const generation = useRef(0);
  generation.current = meta?.generation ?? 0;
  useEffect(() => (expired ? undefined : liveStart(user.id, (next) => {
    if (generation.current && next !== generation.current) void client.invalidateQueries({ queryKey: ['meta'] });
  })), [user.id, expired, client]);
  useTitleSetup(meta?.app.label ?? '');
  const first = useMemo(() => meta?.menu.flatMap((group) => group.sections).find((name) => meta.sections[name]), [meta]);
  if (!meta) return query.isError ? <TroubleOf error={query.error} retry={() => void query.refetch()} /> : <Starting />;
  return (
    <MetaContext.Provider value={meta}>
      <Frame user={user}>
        <Boundary>
          <Suspense fallback={<PageWaiting />}>
            <Switch>
              <Route path="/">{first ? <Redirect to={listPath(first)} replace /> : <Trouble kind="no_right" />}</Route>
              <Route path="/settings/:part?">{(params) => <SettingsPage part={params.part} />}</Route>
              <Route path="/s/:section">{(params) => <ListPage key={params.section} name={params.section} />}</Route>
              <Route path="/s/:section/import/:job?">
                {(params) => <ImportPage key={params.section} name={params.section} job={params.job && /^\d{1,15}$/.test(params.job) ? Number(params.job) : null} />}
              </Route>
              <Route path="/s/:section/new">{(params) => <RecordPage key={`${params.section}/new`} name={params.section} id={null} />}</Route>
              <Route path="/s/:section/:id">
                {(params) => (/^\d{1,18}$/.test(params.id)
                  ? <RecordPage key={`${params.section}/${params.id}`} name={params.section} id={Number(params.id)} />
                  : <Trouble kind="not_found" />)}
              </Route>
              <Route><Trouble kind="not_found" /></Route>
            </Switch>
          </Suspense>
        </Boundary>
      </Frame>
      {expired ? <Suspense fallback={null}><Expired login={user.login} /></Suspense> : null}
    </MetaContext.Provider>
  );
}

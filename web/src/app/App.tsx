import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import ConfigProvider from 'antd/es/config-provider';
import enGB from 'antd/es/locale/en_GB';
import ruRU from 'antd/es/locale/ru_RU';
import dayjs from 'dayjs';
import 'dayjs/locale/en-gb';
import 'dayjs/locale/ru';
import { useMemo } from 'react';
import { Router } from 'wouter';
import { ApiError } from '../api/http';
import { useLanguage } from '../i18n';
import { SignInPage } from '../signin/SignInPage';
import { Boundary } from './Boundary';
import { useLocationHook, useSearchHook } from './location';
import { useSession, sessionStart } from './session';
import { useNarrow } from './narrow';
import { Notes } from './Notes';
import { SignedIn } from './SignedIn';
import { themeConfig, useDark } from './theme';
import { Trouble } from './Trouble';
import { Starting } from './Starting';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      refetchOnWindowFocus: false,
      staleTime: 5_000,
      retry: (count, error) => count < 2 && error instanceof ApiError && (error.status === 0 || error.status === 503),
    },
  },
});

const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;

export function App() {
  const language = useLanguage();
  const isDark = useDark();
  const narrow = useNarrow();
  const session = useSession();
  const theme = useMemo(() => themeConfig(isDark, still, narrow), [isDark, narrow]);
  // Weeks begin on Monday in both.
  dayjs.locale(language === 'ru' ? 'ru' : 'en-gb');
  let page;
  if (session.state === 'starting') page = <Starting />;
  else if (session.state === 'unreachable') page = <Trouble kind="unreachable" retry={() => void sessionStart()} />;
  else if (session.state === 'out') page = <SignInPage />;
  else page = <Boundary><SignedIn user={session.user} expired={session.state === 'expired'} /></Boundary>;
  return (
    <QueryClientProvider client={queries}>
      <ConfigProvider theme={theme} locale={language === 'ru' ? ruRU : enGB} wave={{ disabled: still }}>
        <Notes>
          <div className="app"><Router hook={useLocationHook} searchHook={useSearchHook}>{page}</Router></div>
        </Notes>
      </ConfigProvider>
    </QueryClientProvider>
  );
}

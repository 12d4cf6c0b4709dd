import MenuOutlined from '@ant-design/icons/es/icons/MenuOutlined';
import Button from 'antd/es/button';
import { lazy, Suspense, useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import { useMeta } from '../api/meta';
import type { User } from '../api/types';
import { useT } from '../i18n';
import { FrameContext } from './frameContext';
import { useKeys } from './keys';
import { SideMenu } from './SideMenu';
import { useNarrow } from './narrow';

const CommandBox = lazy(() => import('./CommandBox'));
const KeysHelp = lazy(() => import('./KeysHelp'));
const MenuDrawer = lazy(() => import('./MenuDrawer'));

const FOLDED = 'ostov.menu.folded';

/** The menu at the side (a drawer on a narrow screen), the page beside it, and what opens from anywhere. */
export function Frame({ user, children }: { user: User; children: ReactNode }) {
  const t = useT();
  const meta = useMeta();
  const narrow = useNarrow();
  const [folded, setFolded] = useState(() => window.localStorage.getItem(FOLDED) === '1');
  const [drawer, setDrawer] = useState(false);
  const [box, setBox] = useState(false);
  const [help, setHelp] = useState(false);

  useKeys({
    'mod+k': () => setBox(true),
    '?': () => setHelp(true),
  });
  useEffect(() => {
    if (!narrow) setDrawer(false);
  }, [narrow]);

  const fold = (): void => {
    window.localStorage.setItem(FOLDED, folded ? '0' : '1');
    setFolded(!folded);
  };

  return (
    <FrameContext.Provider value={{ openSearch: () => setBox(true), openHelp: () => setHelp(true) }}>
      <a className="skip" href="#page">{t('frame.skip')}</a>
      <div className={narrow ? 'frame frame-narrow' : 'frame'}>
        {narrow ? (
          <header className="topbar">
            <Button type="text" icon={<MenuOutlined />} aria-label={t('frame.menu')} aria-expanded={drawer} onClick={() => setDrawer(true)} />
            <span className="topbar-label">{meta.app.label}</span>
          </header>
        ) : (
          <aside className={folded ? 'side side-folded' : 'side'} aria-label={t('frame.menu')}>
            <SideMenu user={user} folded={folded} onFold={fold} />
          </aside>
        )}
        <main id="page" className="main" tabIndex={-1}>{children}</main>
      </div>
      <Suspense fallback={null}>
        {drawer ? <MenuDrawer user={user} onClose={() => setDrawer(false)} /> : null}
        {box ? <CommandBox onClose={() => setBox(false)} /> : null}
        {help ? <KeysHelp onClose={() => setHelp(false)} /> : null}
      </Suspense>
    </FrameContext.Provider>
  );
}

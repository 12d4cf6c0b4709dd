import MenuFoldOutlined from '@ant-design/icons/es/icons/MenuFoldOutlined';
import MenuUnfoldOutlined from '@ant-design/icons/es/icons/MenuUnfoldOutlined';
import SearchOutlined from '@ant-design/icons/es/icons/SearchOutlined';
import Button from 'antd/es/button';
import Tooltip from 'antd/es/tooltip';
import { useMemo } from 'react';
import { useMeta } from '../api/meta';
import type { User } from '../api/types';
import { useT } from '../i18n';
import { useFrame } from './frameContext';
import { menuLetters } from './letters';
import { MenuEntry } from './MenuEntry';
import { useSetting } from './settings';
import { UserMenu } from './UserMenu';

interface Props { user: User; folded: boolean; onFold?: () => void; onChoose?: () => void }

/** Sections grouped by module, favourites on top; folded it shows the first letters. */
export function SideMenu({ user, folded, onFold, onChoose }: Props) {
  const t = useT();
  const meta = useMeta();
  const frame = useFrame();
  const favourites = useSetting<string[]>('favourites');
  const chosen = useMemo(() => (Array.isArray(favourites.value) ? favourites.value : []).filter((name) => meta.sections[name]), [favourites.value, meta]);
  const toggle = (name: string): void => {
    favourites.set(chosen.includes(name) ? chosen.filter((item) => item !== name) : [...chosen, name]);
  };
  const groups = [
    ...(chosen.length ? [{ module: '*', label: t('frame.favourites'), sections: chosen }] : []),
    ...meta.menu,
  ];
  const letters = useMemo(() => {
    const names = [...new Set(meta.menu.flatMap((group) => group.sections))].filter((name) => meta.sections[name]);
    const found = menuLetters(names.map((name) => meta.sections[name]?.plural ?? ''));
    return new Map(names.map((name, place) => [name, found[place] ?? '']));
  }, [meta]);
  return (
    <div className="menu">
      <div className="menu-head">
        <img src="/mark.svg" alt="" width={28} height={28} />
        {folded ? null : <span className="menu-label">{meta.app.label}</span>}
        {onFold ? (
          <Button type="text" size="small" icon={folded ? <MenuUnfoldOutlined /> : <MenuFoldOutlined />} aria-label={t(folded ? 'frame.unfold' : 'frame.fold')} onClick={onFold} />
        ) : null}
      </div>
      <div className="menu-search">
        <Tooltip title={folded ? t('frame.search') : null} placement="right">
          <Button block icon={<SearchOutlined />} onClick={() => { onChoose?.(); frame.openSearch(); }} aria-label={t('frame.search')}>
            {folded ? null : <><span className="grow">{t('frame.search')}</span>{onFold ? <kbd>{t('frame.search_keys')}</kbd> : null}</>}
          </Button>
        </Tooltip>
      </div>
      <nav className="menu-list" aria-label={t('frame.sections')}>
        {groups.map((group) => (
          <div key={group.module} className="menu-group">
            {folded ? <hr /> : <h2>{group.label}</h2>}
            <ul>
              {group.sections.map((name) => {
                const section = meta.sections[name];
                return section ? (
                  <MenuEntry key={name} section={section} letters={letters.get(name) ?? ''} folded={folded} favourite={chosen.includes(name)} onFavourite={() => toggle(name)} onChoose={onChoose} />
                ) : null;
              })}
            </ul>
          </div>
        ))}
      </nav>
      <UserMenu user={user} folded={folded} onChoose={onChoose} />
    </div>
  );
}

import StarFilled from '@ant-design/icons/es/icons/StarFilled';
import StarOutlined from '@ant-design/icons/es/icons/StarOutlined';
import Tooltip from 'antd/es/tooltip';
import { Link, useLocation } from 'wouter';
import type { Section } from '../api/types';
import { useT } from '../i18n';
import { listPath } from './paths';

interface Props { section: Section; letters: string; folded: boolean; favourite: boolean; onFavourite: () => void; onChoose?: (() => void) | undefined }

export function MenuEntry({ section, letters, folded, favourite, onFavourite, onChoose }: Props) {
  const t = useT();
  const [path] = useLocation();
  const here = path === listPath(section.name) || path.startsWith(`${listPath(section.name)}/`);
  const link = (
    <Link href={listPath(section.name)} className={here ? 'menu-link menu-here' : 'menu-link'} aria-current={here ? 'page' : undefined}
      aria-label={folded ? section.plural : undefined} title={folded ? undefined : section.plural} onClick={() => onChoose?.()}>
      {folded ? letters : section.plural}
    </Link>
  );
  return (
    <li className="menu-entry">
      {folded ? <Tooltip title={section.plural} placement="right" trigger={['hover', 'focus']}>{link}</Tooltip> : link}
      {folded ? null : (
        <button type="button" className={favourite ? 'star star-on' : 'star'} aria-pressed={favourite} onClick={onFavourite}
          aria-label={t('frame.favourite', { label: section.plural })}>
          {favourite ? <StarFilled /> : <StarOutlined />}
        </button>
      )}
    </li>
  );
}

import StarFilled from '@ant-design/icons/es/icons/StarFilled';
import StarOutlined from '@ant-design/icons/es/icons/StarOutlined';
import Tooltip from 'antd/es/tooltip';
import { Link, useLocation } from 'wouter';
import type { Section } from '../api/types';
import { useT } from '../i18n';
import { listPath } from './paths';

interface Props { section: Section; folded: boolean; favourite: boolean; onFavourite: () => void; onChoose?: (() => void) | undefined }

/** Two letters that tell sections apart when the menu is folded. */
function letters(label: string): string {
  const words = label.split(/\s+/).filter(Boolean);
  const text = words.length > 1 ? `${words[0]?.[0] ?? ''}${words[1]?.[0] ?? ''}` : label.slice(0, 2);
  return text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();
}

export function MenuEntry({ section, folded, favourite, onFavourite, onChoose }: Props) {
  const t = useT();
  const [path] = useLocation();
  const here = path === listPath(section.name) || path.startsWith(`${listPath(section.name)}/`);
  const link = (
    <Link href={listPath(section.name)} className={here ? 'menu-link menu-here' : 'menu-link'} aria-current={here ? 'page' : undefined}
      aria-label={folded ? section.plural : undefined} title={folded ? undefined : section.plural} onClick={() => onChoose?.()}>
      {folded ? letters(section.plural) : section.plural}
    </Link>
  );
  return (
    <li className="menu-entry">
      {folded ? <Tooltip title={section.plural} placement="right">{link}</Tooltip> : link}
      {folded ? null : (
        <button type="button" className={favourite ? 'star star-on' : 'star'} aria-pressed={favourite} onClick={onFavourite}
          aria-label={t('frame.favourite', { label: section.plural })}>
          {favourite ? <StarFilled /> : <StarOutlined />}
        </button>
      )}
    </li>
  );
}

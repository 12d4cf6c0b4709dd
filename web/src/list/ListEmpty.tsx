import Button from 'antd/es/button';
import { Link } from 'wouter';
import type { List, Section } from '../api/types';
import { importPath, newPath } from '../app/paths';
import { useT } from '../i18n';

/** Nothing here: nothing was ever entered, or the filter lets nothing through, or nothing meets the view (`onAll` goes to the one that shows everything). */
export function ListEmpty({ section, view, narrowed, onClear, onAll }: { section: Section; view: List | undefined; narrowed: boolean; onClear: () => void; onAll: (() => void) | null }) {
  const t = useT();
  return (
    <div className="empty">
      <svg width="72" height="56" viewBox="0 0 72 56" aria-hidden="true" className="empty-mark">
        <rect x="8" y="6" width="56" height="44" rx="6" fill="none" stroke="currentColor" strokeWidth="2" />
        <path d="M8 18h56M20 30h32M20 39h20" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
      </svg>
      <h2>{narrowed ? t('list.nothing') : onAll ? t('list.view_empty', { view: view?.label ?? '' }) : t('list.empty', { label: section.plural })}</h2>
      <p className="quiet">{narrowed ? t('list.nothing_text') : onAll ? t('list.view_empty_text') : section.can.create ? t('list.empty_text') : t('list.empty_unwritable')}</p>
      <p className="trouble-acts">
        {narrowed ? <Button onClick={onClear}>{t('list.clear')}</Button> : null}
        {!narrowed && onAll ? <Button onClick={onAll}>{t('list.view_all')}</Button> : null}
        {!narrowed && !onAll && section.can.create ? <Link href={newPath(section.name)} asChild><Button type="primary" href={newPath(section.name)}>{t('list.new')}</Button></Link> : null}
        {!narrowed && !onAll && section.can.import ? <Link href={importPath(section.name)}>{t('list.import')}</Link> : null}
      </p>
    </div>
  );
}

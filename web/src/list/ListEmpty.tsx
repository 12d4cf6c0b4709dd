import Button from 'antd/es/button';
import { Link } from 'wouter';
import type { Section } from '../api/types';
import { importPath, newPath } from '../app/paths';
import { useT } from '../i18n';

/** Nothing here: either nothing was ever entered, or the filter lets nothing through. */
export function ListEmpty({ section, narrowed, onClear }: { section: Section; narrowed: boolean; onClear: () => void }) {
  const t = useT();
  return (
    <div className="empty">
      <svg width="72" height="56" viewBox="0 0 72 56" aria-hidden="true" className="empty-mark">
        <rect x="8" y="6" width="56" height="44" rx="6" fill="none" stroke="currentColor" strokeWidth="2" />
        <path d="M8 18h56M20 30h32M20 39h20" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
      </svg>
      <h2>{narrowed ? t('list.nothing') : t('list.empty', { label: section.plural })}</h2>
      <p className="quiet">{narrowed ? t('list.nothing_text') : section.can.create ? t('list.empty_text') : t('list.empty_unwritable')}</p>
      <p className="trouble-acts">
        {narrowed ? <Button onClick={onClear}>{t('list.clear')}</Button> : null}
        {!narrowed && section.can.create ? <Link href={newPath(section.name)} asChild><Button type="primary" href={newPath(section.name)}>{t('list.new')}</Button></Link> : null}
        {!narrowed && section.can.import ? <Link href={importPath(section.name)}>{t('list.import')}</Link> : null}
      </p>
    </div>
  );
}

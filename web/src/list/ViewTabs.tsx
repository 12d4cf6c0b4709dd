import Segmented from 'antd/es/segmented';
import type { Section } from '../api/types';
import { useT } from '../i18n';

/** The declared lists of a section as views. */
export function ViewTabs({ section, view, onView }: { section: Section; view: string; onView: (name: string) => void }) {
  const t = useT();
  if (section.lists.length < 2) return null;
  return (
    <div className="views">
      <Segmented aria-label={t('list.views')} value={view} onChange={onView} options={section.lists.map((item) => ({ value: item.name, label: item.label || t('list.all') }))} />
    </div>
  );
}

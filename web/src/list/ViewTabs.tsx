import Segmented from 'antd/es/segmented';
import { useEffect, useRef } from 'react';
import type { Section } from '../api/types';
import { useT } from '../i18n';

/** The declared lists of a section as views; the open one is in sight though they be many. */
export function ViewTabs({ section, view, onView }: { section: Section; view: string; onView: (name: string) => void }) {
  const t = useT();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const chosen = box.current?.querySelector<HTMLElement>('.ant-segmented-item-selected');
    if (!box.current || !chosen) return;
    const [outer, inner] = [box.current.getBoundingClientRect(), chosen.getBoundingClientRect()];
    if (inner.left < outer.left || inner.right > outer.right) box.current.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
  }, [view, section]);
  if (section.lists.length < 2) return null;
  return (
    <div className="views" ref={box}>
      <Segmented aria-label={t('list.views')} value={view} onChange={onView} options={section.lists.map((item) => ({ value: item.name, label: item.label || t('list.all') }))} />
    </div>
  );
}

import { decimalFormat } from '../fields/decimal';
import { useLanguage, useT } from '../i18n';

export function ListFooter({ count, exceeded, busy }: { count: number; exceeded: boolean; busy: boolean }) {
  const t = useT();
  const language = useLanguage();
  return (
    <div className="list-footer" role="status">
      {busy ? '\u00a0' : t(exceeded ? 'list.count_more' : 'list.count', { count, number: decimalFormat(count, language) })}
    </div>
  );
}

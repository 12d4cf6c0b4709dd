import Button from 'antd/es/button';
import { decimalFormat } from '../fields/decimal';
import { useLanguage, useT } from '../i18n';

export function ListFooter({ count, exceeded, busy, waiting, onShow }: { count: number; exceeded: boolean; busy: boolean; waiting: boolean; onShow: () => void }) {
  const t = useT();
  const language = useLanguage();
  return (
    <div className="list-footer" role="status">
      {busy ? '\u00a0' : t(exceeded ? 'list.count_more' : 'list.count', { count, number: decimalFormat(count, language) })}
      {waiting ? <Button type="link" size="small" className="list-news" onClick={onShow}>{t('list.news')}</Button> : null}
    </div>
  );
}

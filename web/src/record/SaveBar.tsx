import Button from 'antd/es/button';
import { useT } from '../i18n';

interface Props { count: number; fresh: boolean; saving: boolean; dirty: boolean; sending: boolean; onSave: () => void; onCancel: () => void }

/** Sticks to the bottom while something is changed, and says how much. */
export function SaveBar({ count, fresh, saving, dirty, sending, onSave, onCancel }: Props) {
  const t = useT();
  return (
    <div className="savebar" role="region" aria-label={t('record.savebar')}>
      <span className="grow" aria-live="polite">{sending ? t('file.sending') : fresh ? '' : count ? t('record.changed', { count }) : t('record.unchanged')}</span>
      <Button onClick={onCancel} disabled={saving}>{t('act.cancel')}</Button>
      <Button type="primary" loading={saving} disabled={!dirty && !fresh} onClick={onSave}>{t(fresh ? 'act.create' : 'act.save')}</Button>
    </div>
  );
}

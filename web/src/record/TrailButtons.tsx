import DownOutlined from '@ant-design/icons/es/icons/DownOutlined';
import UpOutlined from '@ant-design/icons/es/icons/UpOutlined';
import Button from 'antd/es/button';
import { decimalFormat } from '../fields/decimal';
import { useLanguage, useT } from '../i18n';
import type { useTrail } from './useTrail';

export function TrailButtons({ trail }: { trail: ReturnType<typeof useTrail> }) {
  const t = useT();
  const language = useLanguage();
  const total = `${decimalFormat(trail.total, language)}${trail.exceeded ? '+' : ''}`;
  return (
    <span className="trail">
      <span className="quiet figures">{t('record.place', { at: trail.index + 1, total })}</span>
      <Button type="text" icon={<UpOutlined />} disabled={!trail.previous} aria-label={t('record.previous')} onClick={() => trail.go(-1)} />
      <Button type="text" icon={<DownOutlined />} disabled={!trail.next} aria-label={t('record.next')} onClick={() => trail.go(1)} />
    </span>
  );
}

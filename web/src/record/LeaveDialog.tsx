import Modal from 'antd/es/modal';
import { useT } from '../i18n';
import type { Leaving } from './useGuard';

export function LeaveDialog({ leaving }: { leaving: Leaving }) {
  const t = useT();
  return (
    <Modal open width={420} title={t('guard.title')} okText={t('guard.leave')} okButtonProps={{ danger: true }} cancelText={t('guard.stay')}
      cancelButtonProps={{ autoFocus: true }} onOk={leaving.leave} onCancel={leaving.stay}>
      <p>{t('guard.text')}</p>
    </Modal>
  );
}

import Modal from 'antd/es/modal';
import { useT } from '../i18n';
import { SignInForm } from './SignInForm';

/** The session ended while somebody worked: asks again over the page, whose unsaved work stays. */
export default function Expired({ login }: { login: string }) {
  const t = useT();
  return (
    <Modal open footer={null} closable={false} keyboard={false} title={t('signin.expired')} width={380} zIndex={2000} afterOpenChange={(shown) => shown && document.querySelector<HTMLElement>('.ant-modal #password')?.focus()}>
      <p>{t('signin.expired_text')}</p>
      <SignInForm login={login} />
    </Modal>
  );
}

import Modal from 'antd/es/modal';
import { useT } from '../i18n';

const KEYS = [
  ['/', 'search'], ['Ctrl K', 'box'], ['j', 'down'], ['k', 'up'], ['Enter', 'open'], ['n', 'new'], ['e', 'edit'], ['Ctrl S', 'save'],
  ['[', 'previous'], [']', 'next'], ['Esc', 'back'], ['?', 'help'],
] as const;

export default function KeysHelp({ onClose }: { onClose: () => void }) {
  const t = useT();
  return (
    <Modal open onCancel={onClose} footer={null} title={t('keys.title')} width={420}>
      <dl className="keys-help">
        {KEYS.map(([key, what]) => (
          <div key={what}><dt>{key.split(' ').map((part) => <kbd key={part}>{part}</kbd>)}</dt><dd>{t(`keys.${what}`)}</dd></div>
        ))}
      </dl>
    </Modal>
  );
}

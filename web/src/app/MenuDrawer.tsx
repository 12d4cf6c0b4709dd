import Drawer from 'antd/es/drawer';
import type { User } from '../api/types';
import { useT } from '../i18n';
import { SideMenu } from './SideMenu';

export default function MenuDrawer({ user, onClose }: { user: User; onClose: () => void }) {
  const t = useT();
  return (
    <Drawer open placement="left" size={288} onClose={onClose} closable={false} aria-label={t('frame.menu')} styles={{ body: { padding: 0 } }}>
      <SideMenu user={user} folded={false} onChoose={onClose} />
    </Drawer>
  );
}

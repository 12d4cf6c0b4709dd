import Input from 'antd/es/input';
import Modal from 'antd/es/modal';
import { useState } from 'react';
import type { Move } from '../api/types';
import { useT } from '../i18n';

/** A move that wants a comment asks for it. */
export function MoveDialog({ move, busy, onDone, onClose }: { move: Move; busy: boolean; onDone: (comment: string) => void; onClose: () => void }) {
  const t = useT();
  const [text, setText] = useState('');
  return (
    <Modal open title={move.label} okText={move.label} cancelText={t('act.cancel')} confirmLoading={busy} okButtonProps={{ disabled: !text.trim() }} onOk={() => onDone(text.trim())} onCancel={onClose}>
      <label htmlFor="move-comment">{t('move.comment')}<span className="must" title={t('field.must')} aria-hidden="true">*</span></label>
      <span className="hidden">{t('field.must')}</span>
      <Input.TextArea id="move-comment" autoFocus autoSize={{ minRows: 3, maxRows: 10 }} maxLength={4000} value={text} onChange={(event) => setText(event.target.value)} />
    </Modal>
  );
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import Alert from 'antd/es/alert';
import Modal from 'antd/es/modal';
import Skeleton from 'antd/es/skeleton';
import { send } from '../api/http';
import type { BulkAnswer, DeletePreview, Section } from '../api/types';
import { errorText } from '../app/errors';
import { useT } from '../i18n';

interface Props { section: Section; ids: number[]; title?: string; onClose: () => void; onDone: (answer: BulkAnswer) => void }

/** Asks before deleting, with what goes along and what stands in the way, in words. */
export function DeleteDialog({ section, ids, title, onClose, onDone }: Props) {
  const t = useT();
  const client = useQueryClient();
  const preview = useQuery({
    queryKey: ['delete', section.name, ids.join()],
    queryFn: () => send<DeletePreview>('POST', `/ui/delete/${section.name}`, { ids }),
    staleTime: 0,
    gcTime: 0,
  });
  const removal = useMutation({
    mutationFn: () => send<BulkAnswer>('POST', `/ui/bulk/${section.name}`, { ids, action: 'delete' }),
    onSuccess: (answer) => {
      void client.invalidateQueries({ queryKey: ['rows'] });
      void client.invalidateQueries({ queryKey: ['detail'] });
      onDone(answer);
    },
  });
  const data = preview.data;
  const others = data?.counts.filter((item) => item.section !== section.name && item.count > 0) ?? [];
  const own = ids.length === 1 && title ? t('delete.one', { title }) : t('delete.many', { count: data?.deletable ?? ids.length, label: section.plural });
  return (
    <Modal open title={t('delete.title')} okText={t('act.delete')} cancelText={t('act.cancel')} okButtonProps={{ danger: true, disabled: !data || data.deletable === 0 }}
      confirmLoading={removal.isPending} onOk={() => removal.mutate()} onCancel={onClose}>
      {preview.isPending ? <Skeleton active title={false} paragraph={{ rows: 2 }} /> : null}
      {preview.isError ? <Alert type="error" showIcon title={errorText(preview.error, t)} /> : null}
      {removal.isError ? <Alert type="error" showIcon title={errorText(removal.error, t)} /> : null}
      {data ? (
        <>
          {data.deletable > 0 ? <p>{own}</p> : null}
          {data.deletable > 0 && others.length ? (
            <>
              <p>{t('delete.along')}</p>
              <ul>{others.map((item) => <li key={item.section}>{item.plural ?? item.label}{': '}{item.count}</li>)}</ul>
            </>
          ) : null}
          {data.deletable < ids.length ? (
            <Alert type="warning" showIcon title={data.deletable === 0 ? t(data.blocked.length ? 'delete.none' : 'delete.forbidden') : t('delete.some', { count: ids.length - data.deletable })}
              description={data.blocked.length ? <>{t('delete.blocked')} {data.blocked.map((item) => `${item.label} (${item.count})`).join(', ')}</> : undefined} />
          ) : null}
        </>
      ) : null}
    </Modal>
  );
}

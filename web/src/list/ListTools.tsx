import DownloadOutlined from '@ant-design/icons/es/icons/DownloadOutlined';
import SettingOutlined from '@ant-design/icons/es/icons/SettingOutlined';
import Button from 'antd/es/button';
import Dropdown from 'antd/es/dropdown';
import Tooltip from 'antd/es/tooltip';
import { lazy, Suspense, useState } from 'react';
import { Link } from 'wouter';
import { queryString } from '../api/odata';
import type { Section } from '../api/types';
import { importPath } from '../app/paths';
import { useT } from '../i18n';
import type { ListQuery } from './useRows';

const ColumnChooser = lazy(() => import('./ColumnChooser'));

interface Props { section: Section; query: ListQuery; columns: string[]; declared: string[]; view: string; onColumns: (columns: string[]) => void }

/** What can be done with the list itself: its columns, what goes out and what comes in. */
export function ListTools({ section, query, columns, declared, onColumns }: Props) {
  const t = useT();
  const [choosing, setChoosing] = useState(false);
  const address = (kind: string): string => {
    const { $select: _select, $expand: _expand, ...rest } = query;
    return `/ui/export/${section.name}.${kind}${queryString({ columns: columns.join(','), ...rest })}`;
  };
  const items = [
    ...(section.can.export ? [
      { key: 'xlsx', label: <a href={address('xlsx')} download>{t('list.export_xlsx')}</a> },
      { key: 'csv', label: <a href={address('csv')} download>{t('list.export_csv')}</a> },
    ] : []),
    ...(section.can.import ? [{ key: 'import', label: <Link href={importPath(section.name)}>{t('list.import')}</Link> }] : []),
  ];
  return (
    <>
      <Tooltip title={t('list.columns')}>
        <Button icon={<SettingOutlined />} aria-label={t('list.columns')} onClick={() => setChoosing(true)} />
      </Tooltip>
      {items.length ? (
        <Dropdown trigger={['click']} menu={{ items }}>
          <Button icon={<DownloadOutlined />} aria-label={t('list.exchange')} />
        </Dropdown>
      ) : null}
      {choosing ? (
        <Suspense fallback={null}>
          <ColumnChooser section={section} columns={columns} declared={declared} onChange={onColumns} onClose={() => setChoosing(false)} />
        </Suspense>
      ) : null}
    </>
  );
}

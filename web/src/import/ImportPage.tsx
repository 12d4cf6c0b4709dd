import ArrowLeftOutlined from '@ant-design/icons/es/icons/ArrowLeftOutlined';
import { Link } from 'wouter';
import { useMeta } from '../api/meta';
import { importPath, listPath } from '../app/paths';
import { useTitle } from '../app/title';
import { Trouble } from '../app/Trouble';
import { useT } from '../i18n';
import { ImportJobView } from './ImportJobView';
import { ImportStart } from './ImportStart';

/** Records out of a file: the file is chosen, what was found in it is shown and corrected, tried, then taken. */
export default function ImportPage({ name, job }: { name: string; job: number | null }) {
  const t = useT();
  const section = useMeta().sections[name];
  useTitle(section ? t('import.title', { label: section.plural }) : '');
  if (!section) return <Trouble kind="not_found" />;
  if (!section.can.import) return <Trouble kind="no_right" />;
  return (
    <div className="page page-import">
      <div className="page-head">
        <Link href={listPath(name)} className="up" aria-label={t('record.up', { label: section.plural })}><ArrowLeftOutlined aria-hidden /> <span className="up-label">{section.plural}</span></Link>
        <h1>{t('import.title', { label: section.plural })}</h1>
        <span className="grow" />
        {job ? <Link href={importPath(name)}>{t('import.another')}</Link> : null}
      </div>
      {job ? <ImportJobView key={job} section={section} id={job} /> : <ImportStart section={section} />}
    </div>
  );
}

import UploadOutlined from '@ant-design/icons/es/icons/UploadOutlined';
import Alert from 'antd/es/alert';
import Button from 'antd/es/button';
import Progress from 'antd/es/progress';
import Select from 'antd/es/select';
import { useRef, useState } from 'react';
import type { DragEvent } from 'react';
import { useLocation } from 'wouter';
import { fileUpload } from '../api/files';
import { send } from '../api/http';
import type { Section } from '../api/types';
import { errorText } from '../app/errors';
import { importPath } from '../app/paths';
import { useT } from '../i18n';

/** The file, and a mapping kept in the configuration if there is one. */
export function ImportStart({ section }: { section: Section }) {
  const t = useT();
  const [, navigate] = useLocation();
  const input = useRef<HTMLInputElement>(null);
  const [mapping, setMapping] = useState<string>(section.imports[0]?.name ?? '');
  const [part, setPart] = useState<number | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [over, setOver] = useState(false);

  const take = async (file: File | undefined): Promise<void> => {
    if (!file || part !== null) return;
    setError(null);
    setPart(0);
    try {
      const info = await fileUpload(file, setPart).done;
      const job = await send<{ id: number }>('POST', '/ui/import', { section: section.name, file: info.id, ...(mapping ? { mapping } : {}) });
      navigate(importPath(section.name, job.id));
    } catch (reason) {
      setError(errorText(reason, t));
      setPart(null);
    }
  };

  return (
    <div className="import-start stack">
      {error ? <Alert type="error" showIcon title={error} role="alert" /> : null}
      {section.imports.length ? (
        <div>
          <label htmlFor="import-mapping">{t('import.mapping')}</label>
          <Select id="import-mapping" className="wide" value={mapping} onChange={setMapping} options={[
            ...section.imports.map((item) => ({ value: item.name, label: item.label })), { value: '', label: t('import.mapping_none') }]} />
        </div>
      ) : null}
      <div className={over ? 'dropzone dropzone-over' : 'dropzone'}
        onDragOver={(event: DragEvent) => { event.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)}
        onDrop={(event: DragEvent) => { event.preventDefault(); setOver(false); void take(event.dataTransfer.files[0]); }}>
        <input ref={input} type="file" hidden accept=".csv,.txt,.tsv,.xlsx" aria-label={t('import.choose')} onChange={(event) => void take(event.target.files?.[0])} />
        {part === null ? (
          <>
            <Button type="primary" icon={<UploadOutlined />} onClick={() => input.current?.click()}>{t('import.choose')}</Button>
            <p className="quiet">{t('import.drop')}</p>
          </>
        ) : <Progress percent={Math.floor(part * 100)} aria-label={t('import.sending')} />}
      </div>
      <p className="quiet">{t('import.text')}</p>
    </div>
  );
}

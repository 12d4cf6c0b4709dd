import CloseOutlined from '@ant-design/icons/es/icons/CloseOutlined';
import PaperClipOutlined from '@ant-design/icons/es/icons/PaperClipOutlined';
import UploadOutlined from '@ant-design/icons/es/icons/UploadOutlined';
import Button from 'antd/es/button';
import Progress from 'antd/es/progress';
import { useContext, useRef, useState } from 'react';
import type { DragEvent } from 'react';
import { ApiError } from '../api/http';
import type { Upload } from '../api/files';
import { fileUpload } from '../api/files';
import type { FileInfo } from '../api/types';
import { errorText } from '../app/errors';
import { useLanguage, useT } from '../i18n';
import { sizeFormat } from './size';
import { UploadsContext } from './uploads';

interface Going { key: number; name: string; part: number; error: string | null; upload: Upload | null }

interface Props { id: string; label: string; many: boolean; files: FileInfo[]; onChange: (files: FileInfo[]) => void }

let keys = 0;

/** Files of a field: chosen or dropped, sent at once with progress, kept when the record is saved. */
export function FileEditor({ id, label, many, files, onChange }: Props) {
  const t = useT();
  const language = useLanguage();
  const input = useRef<HTMLInputElement>(null);
  const [going, setGoing] = useState<Going[]>([]);
  const [over, setOver] = useState(false);
  const track = useContext(UploadsContext);
  const latest = useRef(files);
  latest.current = files;

  const patch = (key: number, part: Partial<Going>): void => setGoing((list) => list.map((item) => (item.key === key ? { ...item, ...part } : item)));
  const drop = (key: number): void => setGoing((list) => list.filter((item) => item.key !== key));

  const take = (chosen: File[]): void => {
    for (const file of many ? chosen : chosen.slice(0, 1)) {
      keys += 1;
      const key = keys;
      const upload = fileUpload(file, (part) => patch(key, { part }));
      setGoing((list) => [...list, { key, name: file.name, part: 0, error: null, upload }]);
      const arrived = upload.done.then((info) => {
        drop(key);
        const next = many ? [...latest.current, info] : [info];
        latest.current = next;
        onChange(next);
        return true;
      }).catch((error: unknown) => {
        if (error instanceof ApiError && error.code === 'cancelled') drop(key);
        else patch(key, { error: errorText(error, t), upload: null });
        return false;
      });
      track({ arrived, cancel: upload.cancel });
    }
  };

  return (
    <div className={over ? 'files files-over' : 'files'}
      onDragOver={(event: DragEvent) => { event.preventDefault(); setOver(true); }}
      onDragLeave={() => setOver(false)}
      onDrop={(event: DragEvent) => { event.preventDefault(); setOver(false); take([...event.dataTransfer.files]); }}>
      {files.map((file) => (
        <div key={file.id} className="file">
          <PaperClipOutlined aria-hidden /><span className="file-title">{file.name}</span><span className="quiet">{sizeFormat(file.size, language)}</span>
          <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t('file.remove', { name: file.name })} onClick={() => onChange(files.filter((item) => item.id !== file.id))} />
        </div>
      ))}
      {going.map((item) => (
        <div key={item.key} className="file">
          <PaperClipOutlined aria-hidden /><span className="file-title">{item.name}</span>
          {item.error ? <span className="error-text" role="alert">{item.error}</span> : <Progress percent={Math.floor(item.part * 100)} size="small" className="file-progress" aria-label={item.name} />}
          <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t('file.remove', { name: item.name })} onClick={() => (item.upload ? item.upload.cancel() : drop(item.key))} />
        </div>
      ))}
      <input ref={input} type="file" hidden multiple={many} aria-label={label} onChange={(event) => {
        take([...(event.target.files ?? [])]);
        event.target.value = '';
      }} />
      {many || files.length + going.length === 0 ? (
        <Button id={id} icon={<UploadOutlined />} onClick={() => input.current?.click()}>{t(many ? 'file.add_several' : 'file.add')}</Button>
      ) : <Button id={id} size="small" type="link" onClick={() => input.current?.click()}>{t('file.replace')}</Button>}
    </div>
  );
}

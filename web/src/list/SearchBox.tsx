import SearchOutlined from '@ant-design/icons/es/icons/SearchOutlined';
import Input from 'antd/es/input/Input';
import { useEffect, useRef, useState } from 'react';
import { useT } from '../i18n';

const REST = 300;

/** Text search of the list; asks when typing rests. */
export function SearchBox({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const t = useT();
  const [text, setText] = useState(value);
  const sent = useRef(value);
  const latest = useRef(onChange);
  latest.current = onChange;
  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value;
      setText(value);
    }
  }, [value]);
  useEffect(() => {
    if (text.trim() === sent.current) return undefined;
    const timer = window.setTimeout(() => {
      sent.current = text.trim();
      latest.current(text.trim());
    }, REST);
    return () => window.clearTimeout(timer);
  }, [text]);
  return (
    <Input id="list-search" className="search" prefix={<SearchOutlined aria-hidden />} allowClear placeholder={t('list.search')} aria-label={t('list.search')}
      type="search" maxLength={200} value={text} onChange={(event) => setText(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.currentTarget.blur();
      }} />
  );
}

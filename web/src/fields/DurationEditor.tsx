import Input from 'antd/es/input';
import { useEffect, useState } from 'react';
import { useT } from '../i18n';
import { durationFormat, durationParse } from './dates';

interface Props {
  id: string;
  value: string | null;
  status: 'error' | undefined;
  autoFocus: boolean;
  onChange: (value: string | null) => void;
  onBlur: () => void;
  'aria-describedby'?: string | undefined;
  'aria-invalid'?: boolean | undefined;
}

/** A duration as people type it: "1:30", "2 h 15 min", "90". */
export function DurationEditor({ value, status, onChange, onBlur, ...rest }: Props) {
  const t = useT();
  const shown = durationFormat(value, { d: t('unit.d'), h: t('unit.h'), m: t('unit.m'), s: t('unit.s') }).replaceAll('\u00a0', ' ');
  const [text, setText] = useState(shown);
  const [typing, setTyping] = useState(false);
  useEffect(() => {
    if (!typing) setText(shown);
  }, [shown, typing]);
  const parsed = durationParse(text);
  return (
    <Input {...rest} value={text} placeholder={t('field.duration_hint')} status={status ?? (typing || parsed !== undefined ? '' : 'error')} maxLength={60}
      onChange={(event) => {
        setTyping(true);
        setText(event.target.value);
        const next = durationParse(event.target.value);
        if (next !== undefined) onChange(next);
      }}
      onBlur={() => {
        setTyping(false);
        onBlur();
      }} />
  );
}

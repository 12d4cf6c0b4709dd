import DatePicker from 'antd/es/date-picker';
import dayjs from 'dayjs';
import customParseFormat from 'dayjs/plugin/customParseFormat';
import { shownType, useMeta } from '../api/meta';
import type { Field } from '../api/types';
import { useLanguage } from '../i18n';
import { fromWallClock, wallClock } from './dates';

dayjs.extend(customParseFormat);

interface Props {
  id: string;
  field: Field;
  value: string | null;
  status: 'error' | undefined;
  autoFocus: boolean;
  onChange: (value: string | null) => void;
  onBlur: () => void;
  'aria-describedby'?: string | undefined;
  'aria-invalid'?: boolean | undefined;
}

/** What may be typed for a date; the first is how it is shown. None may be the beginning of another: it would be taken before the rest is typed. */
export function dateFormats(language: string): string[] {
  return language === 'ru' ? ['DD.MM.YYYY', 'D.M.YYYY', 'DDMMYYYY', 'YYYY-MM-DD'] : ['D MMM YYYY', 'YYYY-MM-DD', 'D/M/YYYY', 'DD/MM/YYYY', 'DD.MM.YYYY'];
}

export function DateEditor({ field, value, status, autoFocus, onChange, ...rest }: Props) {
  const language = useLanguage();
  const { zone } = useMeta();
  const formats = dateFormats(language);
  const timed = shownType(field) === 'datetime';
  if (!timed) {
    return (
      <DatePicker {...rest} className="wide" autoFocus={autoFocus} status={status ?? ''} format={formats} preserveInvalidOnBlur={false}
        value={value ? dayjs(value.slice(0, 10)) : null} onChange={(next) => onChange(next ? next.format('YYYY-MM-DD') : null)} />
    );
  }
  const clock = wallClock(value, zone);
  return (
    <DatePicker {...rest} className="wide" autoFocus={autoFocus} status={status ?? ''} showTime={{ format: 'HH:mm' }} format={formats.map((format) => `${format} HH:mm`)}
      value={clock ? dayjs(`${clock.date}T${clock.time}`) : null}
      onChange={(next) => onChange(next ? fromWallClock(next.format('YYYY-MM-DD'), next.format('HH:mm:00'), zone) : null)} />
  );
}

import AutoComplete from 'antd/es/auto-complete';
import InputNumber from 'antd/es/input-number';
import Select from 'antd/es/select';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { ImportFormat } from '../api/types';
import { decimalFormat } from '../fields/decimal';
import { useLanguage, useT } from '../i18n';

const ENCODINGS = ['UTF-8', 'windows-1251', 'KOI8-R', 'IBM866', 'ISO-8859-5', 'UTF-16LE'];
const SEPARATORS = [';', ',', '\t', '|'];
/** So long after the last step the heading is the one that is meant. */
const STEPPING_MS = 500;
const DATES = ['dd.mm.yyyy', 'yyyy-mm-dd', 'mm/dd/yyyy'];

/** What was found out about the file; each part can be corrected. */
export function ImportFormatForm({ format, rows, onChange }: { format: ImportFormat; rows: number; onChange: (format: ImportFormat) => void }) {
  const t = useT();
  const language = useLanguage();
  const set = (part: Partial<ImportFormat>): void => onChange({ ...format, ...part });
  const csv = format.kind !== 'xlsx';
  /* these two are typed: the columns are read again when the typing is over */
  const [sheet, setSheet] = useState(format.sheet);
  const [heading, setHeading] = useState<number | null>(format.header_row ?? 1);
  const stepping = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(stepping.current), []);
  useEffect(() => {
    setSheet(format.sheet);
    setHeading(format.header_row ?? 1);
  }, [format.sheet, format.header_row]);
  const keepSheet = (name: string | undefined): void => {
    if (name && name !== format.sheet) set({ sheet: name });
  };
  const keepHeading = (row: number | null): void => {
    if (row !== null && row !== (format.header_row ?? 1)) set({ header_row: row });
  };
  const part = (id: string, children: ReactNode): ReactNode => <div key={id}><label htmlFor={`format-${id}`}>{t(`import.format_${id}`)}</label>{children}</div>;
  const names = (values: string[], current: string | undefined): string[] => (current && !values.includes(current) ? [current, ...values] : values);
  return (
    <fieldset className="import-part">
      <legend>{t('import.format')} <span className="quiet">{t('import.rows', { count: rows, number: decimalFormat(rows, language) })}</span></legend>
      <div className="import-format">
        {csv ? part('encoding', <Select id="format-encoding" value={format.encoding ?? ''} options={names(ENCODINGS, format.encoding).map((item) => ({ value: item, label: item }))} onChange={(encoding) => set({ encoding })} />) : null}
        {csv ? part('separator', <Select id="format-separator" value={format.separator ?? ''} options={names(SEPARATORS, format.separator).map((item) => ({ value: item, label: item === '\t' ? t('import.tab') : item }))} onChange={(separator) => set({ separator })} />) : null}
        {csv ? part('quote', <Select id="format-quote" value={format.quote ?? 'doubled'} options={['doubled', 'backslash'].map((item) => ({ value: item, label: t(`import.quote_${item}`) }))} onChange={(quote) => set({ quote })} />) : null}
        {format.sheet !== undefined ? part('sheet', <AutoComplete id="format-sheet" value={sheet} onChange={(name: string) => setSheet(name)} onBlur={() => keepSheet(sheet)} />) : null}
        {csv ? part('decimal', <Select id="format-decimal" value={format.decimal ?? ','} options={[',', '.'].map((item) => ({ value: item, label: item === ',' ? t('import.comma') : t('import.point') }))} onChange={(decimal) => set({ decimal })} />) : null}
        {csv ? part('date', <Select id="format-date" value={format.date ?? ''} options={names(DATES, format.date).map((item) => ({ value: item, label: item.replace(/[dmy]/g, (letter) => t(`import.letter_${letter}`)) }))} onChange={(date) => set({ date })} />) : null}
        {part('header_row', <InputNumber<number> id="format-header_row" min={0} formatter={(row) => (Number(row) === 0 && row !== undefined && `${row}` !== '' ? t('import.headless') : `${row ?? ''}`)} parser={(typed) => Number(typed?.replace(/\D/g, '') ?? 0)} max={1000} value={heading} onChange={setHeading} onStep={(row) => { clearTimeout(stepping.current); stepping.current = setTimeout(() => keepHeading(Number(row)), STEPPING_MS); }} onBlur={() => keepHeading(heading)} onPressEnter={() => keepHeading(heading)} />)}
      </div>
    </fieldset>
  );
}

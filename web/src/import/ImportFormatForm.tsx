import AutoComplete from 'antd/es/auto-complete';
import InputNumber from 'antd/es/input-number';
import Select from 'antd/es/select';
import type { ReactNode } from 'react';
import type { ImportFormat } from '../api/types';
import { decimalFormat } from '../fields/decimal';
import { useLanguage, useT } from '../i18n';

const ENCODINGS = ['utf-8', 'windows-1251', 'koi8-r', 'cp866', 'utf-16le', 'windows-1252'];
const SEPARATORS = [';', ',', '\t', '|'];
const DATES = ['dd.mm.yyyy', 'yyyy-mm-dd', 'dd/mm/yyyy', 'mm/dd/yyyy', 'dd.mm.yy'];

/** What was found out about the file; each part can be corrected. */
export function ImportFormatForm({ format, rows, onChange }: { format: ImportFormat; rows: number; onChange: (format: ImportFormat) => void }) {
  const t = useT();
  const language = useLanguage();
  const set = (part: Partial<ImportFormat>): void => onChange({ ...format, ...part });
  const csv = format.kind !== 'xlsx';
  const part = (id: string, children: ReactNode): ReactNode => <div key={id}><label htmlFor={`format-${id}`}>{t(`import.format_${id}`)}</label>{children}</div>;
  const names = (values: string[], current: string | undefined): string[] => (current && !values.includes(current) ? [current, ...values] : values);
  return (
    <fieldset className="import-part">
      <legend>{t('import.format')} <span className="quiet">{t('import.rows', { count: rows, number: decimalFormat(rows, language) })}</span></legend>
      <div className="import-format">
        {csv ? part('encoding', <Select id="format-encoding" value={format.encoding ?? ''} options={names(ENCODINGS, format.encoding).map((item) => ({ value: item, label: item }))} onChange={(encoding) => set({ encoding })} />) : null}
        {csv ? part('separator', <Select id="format-separator" value={format.separator ?? ''} options={names(SEPARATORS, format.separator).map((item) => ({ value: item, label: item === '\t' ? t('import.tab') : item }))} onChange={(separator) => set({ separator })} />) : null}
        {csv ? part('quote', <Select id="format-quote" value={format.quote ?? 'doubled'} options={['doubled', 'backslash'].map((item) => ({ value: item, label: t(`import.quote_${item}`) }))} onChange={(quote) => set({ quote })} />) : null}
        {format.sheet !== undefined ? part('sheet', <AutoComplete id="format-sheet" value={format.sheet} onChange={(sheet: string) => set({ sheet })} />) : null}
        {csv ? part('decimal', <Select id="format-decimal" value={format.decimal ?? ','} options={[',', '.'].map((item) => ({ value: item, label: item === ',' ? t('import.comma') : t('import.point') }))} onChange={(decimal) => set({ decimal })} />) : null}
        {csv ? part('date', <Select id="format-date" value={format.date ?? ''} options={names(DATES, format.date).map((item) => ({ value: item, label: item }))} onChange={(date) => set({ date })} />) : null}
        {part('header_row', <InputNumber id="format-header_row" min={1} max={1000} value={format.header_row ?? 1} onChange={(row) => set({ header_row: Number(row ?? 1) })} />)}
      </div>
    </fieldset>
  );
}

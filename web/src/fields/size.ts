import { decimalFormat } from './decimal';

/** A file's size in words of the language. */
export function sizeFormat(bytes: number, language: string): string {
  const units = language === 'ru' ? ['Б', 'КБ', 'МБ', 'ГБ'] : ['B', 'KB', 'MB', 'GB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${decimalFormat(value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1), language)}\u00a0${units[unit]}`;
}

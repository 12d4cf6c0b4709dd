/** Decimals as text, digit for digit: what a double would round is kept. */

export interface Decimal { digits: bigint; scale: number }

export function decimalParse(value: unknown): Decimal | null {
  if (value === null || value === undefined || value === '') return null;
  let text = String(value).trim();
  const exponent = /^(-?[\d.]+)[eE]([+-]?\d+)$/.exec(text);
  if (exponent) {
    const shift = Number(exponent[2]);
    const mantissa = decimalParse(exponent[1]);
    if (!mantissa || Math.abs(shift) > 400) return null;
    const scale = mantissa.scale - shift;
    return scale >= 0 ? { digits: mantissa.digits, scale } : { digits: mantissa.digits * 10n ** BigInt(-scale), scale: 0 };
  }
  const match = /^(-?)(\d*)(?:\.(\d*))?$/.exec(text);
  if (!match || (!match[2] && !match[3])) return null;
  text = (match[2] ?? '') + (match[3] ?? '');
  const digits = BigInt(text) * (match[1] ? -1n : 1n);
  return { digits, scale: (match[3] ?? '').length };
}

export function decimalText({ digits, scale }: Decimal): string {
  const negative = digits < 0n;
  const text = (negative ? -digits : digits).toString().padStart(scale + 1, '0');
  const whole = text.slice(0, text.length - scale);
  const part = scale ? `.${text.slice(text.length - scale)}` : '';
  return `${negative ? '-' : ''}${whole}${part}`;
}

export function decimalSum(values: unknown[]): string {
  let sum: Decimal = { digits: 0n, scale: 0 };
  for (const value of values) {
    const next = decimalParse(value);
    if (!next) continue;
    const scale = Math.max(sum.scale, next.scale);
    sum = { digits: sum.digits * 10n ** BigInt(scale - sum.scale) + next.digits * 10n ** BigInt(scale - next.scale), scale };
  }
  return decimalText(sum);
}

export function decimalSame(a: unknown, b: unknown): boolean {
  const left = decimalParse(a);
  const right = decimalParse(b);
  if (!left || !right) return left === right;
  const scale = Math.max(left.scale, right.scale);
  return left.digits * 10n ** BigInt(scale - left.scale) === right.digits * 10n ** BigInt(scale - right.scale);
}

const THIN = '\u202f';

/** Groups thousands with a thin space that does not break; `scale` pads with zeros, never rounds. */
export function decimalFormat(value: unknown, language: string, scale = 0): string {
  const parsed = decimalParse(value);
  if (!parsed) return value === null || value === undefined ? '' : String(value);
  const [whole = '', part = ''] = decimalText(parsed).split('.');
  const negative = whole.startsWith('-');
  const grouped = whole.replace('-', '').replace(/\B(?=(\d{3})+$)/g, THIN);
  const padded = part.padEnd(scale, '0');
  const trimmed = padded.length > scale ? padded.replace(/0+$/, '').padEnd(scale, '0') : padded;
  return `${negative ? '−' : ''}${grouped}${trimmed ? (language === 'ru' ? ',' : '.') + trimmed : ''}`;
}

const SIGNS: Record<string, string> = { RUB: '₽', USD: '$', EUR: '€', GBP: '£', CNY: '¥', KZT: '₸', BYN: 'Br', TRY: '₺', JPY: '¥' };

export function currencySign(code: string): string {
  return SIGNS[code] ?? code;
}

export function moneyFormat(value: unknown, language: string, currency: string | null | undefined, scale = 2): string {
  if (value === null || value === undefined || value === '') return '';
  const sign = currency ? currencySign(currency) : '';
  return decimalFormat(value, language, scale) + (sign ? `\u00a0${sign}` : '');
}

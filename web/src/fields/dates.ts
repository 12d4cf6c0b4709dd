/** Dates and times as people write them; times are shown in the organisation's zone. */

const MONTHS_EN = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function dateFormat(value: unknown, language: string): string {
  const match = /^(\d{4})-(\d{2})-(\d{2})/.exec(String(value ?? ''));
  if (!match) return value === null || value === undefined ? '' : String(value);
  const [, year, month, day] = match;
  return language === 'ru' ? `${day}.${month}.${year}` : `${Number(day)} ${MONTHS_EN[Number(month) - 1]} ${year}`;
}

interface Parts { date: string; time: string }

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string): Intl.DateTimeFormat {
  let found = formatters.get(zone);
  if (!found) {
    const options: Intl.DateTimeFormatOptions = {
      year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
    };
    try {
      found = new Intl.DateTimeFormat('en-CA', { ...options, timeZone: zone });
    } catch {
      found = new Intl.DateTimeFormat('en-CA', { ...options, timeZone: 'UTC' });
    }
    formatters.set(zone, found);
  }
  return found;
}

/** The wall clock of a moment in a zone: "2026-05-01" and "14:03:00". */
export function wallClock(value: unknown, zone: string): Parts | null {
  const moment = new Date(String(value ?? ''));
  if (Number.isNaN(moment.getTime())) return null;
  const parts: Record<string, string> = {};
  for (const part of formatter(zone).formatToParts(moment)) parts[part.type] = part.value;
  return { date: `${parts.year}-${parts.month}-${parts.day}`, time: `${parts.hour}:${parts.minute}:${parts.second}` };
}

/** The moment at which the clock of the zone shows this date and time. */
export function fromWallClock(date: string, time: string, zone: string): string {
  const naive = Date.parse(`${date}T${time}Z`);
  let moment = naive;
  for (let turn = 0; turn < 3; turn += 1) {
    const shown = wallClock(new Date(moment).toISOString(), zone);
    if (!shown) break;
    const off = naive - Date.parse(`${shown.date}T${shown.time}Z`);
    if (off === 0) break;
    moment += off;
  }
  return new Date(moment).toISOString().replace('.000Z', 'Z');
}

export function dateTimeFormat(value: unknown, language: string, zone: string): string {
  const clock = wallClock(value, zone);
  if (!clock) return value === null || value === undefined ? '' : String(value);
  return `${dateFormat(clock.date, language)}, ${clock.time.slice(0, 5)}`;
}

export function today(zone: string): string {
  return wallClock(new Date().toISOString(), zone)?.date ?? new Date().toISOString().slice(0, 10);
}

export function addDays(date: string, days: number): string {
  const moment = new Date(`${date}T00:00:00Z`);
  moment.setUTCDate(moment.getUTCDate() + days);
  return moment.toISOString().slice(0, 10);
}

/** First and last day of the month that lies `offset` months from the date's. */
export function monthSpan(date: string, offset = 0): [string, string] {
  const year = Number(date.slice(0, 4));
  const month = Number(date.slice(5, 7)) - 1 + offset;
  const first = new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10);
  const last = new Date(Date.UTC(year, month + 1, 0)).toISOString().slice(0, 10);
  return [first, last];
}

export function yearSpan(date: string): [string, string] {
  const year = date.slice(0, 4);
  return [`${year}-01-01`, `${year}-12-31`];
}

/** Monday to Sunday of the week that holds the date. */
export function weekSpan(date: string): [string, string] {
  const weekday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
  const first = addDays(date, -weekday);
  return [first, addDays(first, 6)];
}

export interface DurationWords { d: string; h: string; m: string; s: string }

/** ISO 8601 ("PT1H30M") as words ("1 h 30 min"). */
export function durationFormat(value: unknown, words: DurationWords): string {
  const text = String(value ?? '');
  const match = /^(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text);
  if (!match) return value === null || value === undefined ? '' : text;
  const [, sign, d, h, m, s] = match;
  const parts = [[d, words.d], [h, words.h], [m, words.m], [s, words.s]]
    .filter(([number]) => number !== undefined && Number(number) !== 0)
    .map(([number, word]) => `${number}\u00a0${word}`);
  return parts.length ? `${sign ? '−' : ''}${parts.join(' ')}` : `0\u00a0${words.m}`;
}

/** What people type ("1:30", "90", "2 h 15 min", "1 ч 30 мин", "1 д") as ISO 8601; undefined when it is none of these. */
export function durationParse(text: string): string | null | undefined {
  const trimmed = text.trim().toLowerCase();
  if (!trimmed) return null;
  if (/^p/i.test(trimmed)) {
    const iso = trimmed.toUpperCase();
    return /^-?P(?=.)(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$/.test(iso) ? iso : undefined;
  }
  const clock = /^(\d+):([0-5]?\d)$/.exec(trimmed);
  if (clock) return iso(0, Number(clock[1]), Number(clock[2]));
  if (/^\d+$/.test(trimmed)) return iso(0, 0, Number(trimmed));
  const match = /^(?:(\d+)\s*(?:d|д)[a-zа-я.]*)?\s*(?:(\d+)\s*(?:h|ч)[a-zа-я.]*)?\s*(?:(\d+)\s*(?:m|м)[a-zа-я.]*)?$/.exec(trimmed);
  if (!match || (!match[1] && !match[2] && !match[3])) return undefined;
  return iso(Number(match[1] ?? 0), Number(match[2] ?? 0), Number(match[3] ?? 0));
}

function iso(days: number, hours: number, minutes: number): string {
  const total = hours * 60 + minutes;
  const h = Math.floor(total / 60);
  const m = total % 60;
  const time = `${h ? `${h}H` : ''}${m ? `${m}M` : ''}`;
  if (!days && !time) return 'PT0M';
  return `P${days ? `${days}D` : ''}${time ? `T${time}` : ''}`;
}

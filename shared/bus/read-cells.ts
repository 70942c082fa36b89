/** Single values of DataMall's rows. They are dirty in life: numbers come as text and text as numbers, blanks for nothing, fields that nobody announced. */
import type { Span } from './lists.ts';

/** A row that makes no sense: `field` is the one that does not, and why. */
export class NonsenseRow extends Error {
  override readonly name = 'NonsenseRow';
}

export type RawRow = Record<string, unknown>;

/** One line of text, at most 100 characters; '' where there is none. */
export function readText(row: RawRow, field: string): string {
  const value = row[field];
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string' && typeof value !== 'number') throw new NonsenseRow(`${field} is no text`);
  const text = String(value)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Bidi_Control}\s]+/gu, ' ')
    .trim();
  if (text.length > 100) throw new NonsenseRow(`${field} is longer than 100 characters`);
  return text;
}

/** Five digits. A number has lost its leading zeros. */
export function readCode(row: RawRow, field: string): string {
  const value = row[field];
  const code = Number.isInteger(value) ? String(value).padStart(5, '0') : readText(row, field);
  if (!/^\d{5}$/.test(code)) throw new NonsenseRow(`${field} must be five digits`);
  return code;
}

export function readService(row: RawRow): string {
  const service = readText(row, 'ServiceNo');
  if (!/^[0-9A-Za-z-]{1,10}$/.test(service)) throw new NonsenseRow('ServiceNo must be 1 to 10 letters and digits');
  return service;
}

export function readDirection(row: RawRow): 1 | 2 {
  const direction = readNumber(row, 'Direction');
  if (direction !== 1 && direction !== 2) throw new NonsenseRow('Direction must be 1 or 2');
  return direction;
}

/** Undefined where there is none, or what is there is no number. */
export function readNumber(row: RawRow, field: string): number | undefined {
  const value = row[field];
  const blank = typeof value === 'string' ? value.trim() === '' : typeof value !== 'number';
  const number = blank ? Number.NaN : Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** Undefined where no bus runs. */
export function readSpan(row: RawRow, kind: 'WD' | 'SAT' | 'SUN'): Span | undefined {
  const first = readTime(row, `${kind}_FirstBus`);
  const last = readTime(row, `${kind}_LastBus`);
  return first && last ? { first, last } : undefined;
}

/** `HHMM` up to `2359`, and `2400`. */
const TIME = /^(?:(?:[01]\d|2[0-3])[0-5]\d|2400)$/;

function readTime(row: RawRow, field: string): string | undefined {
  const text = readText(row, field);
  if (text === '' || text === '-') return undefined;
  if (!TIME.test(text)) throw new NonsenseRow(`${field} must be a time such as 0530, or -`);
  return text;
}

const DAY = /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?\d\d(?:\.\d+)?)?\s*(?:(Z)|([+-]\d\d):?(\d\d))?)?$/;

/** The day in Singapore as `YYYY-MM-DD`. LTA was seen to write `20260131T00:00:00+0800`. */
export function readDay(row: RawRow, field: string): string {
  const [, year, month, date, hour = '00', minute = '00', utc, offset, more = '00'] =
    DAY.exec(readText(row, field)) ?? [];
  const day = `${year}-${month}-${date}`;
  const zone = utc ? 'Z' : `${offset ?? '+08'}:${more}`;
  const ms = Date.parse(`${day}T${hour}:${minute}:00${zone}`);
  const real = !Number.isNaN(ms) && new Date(Date.parse(`${day}T00:00:00Z`)).toISOString().startsWith(day);
  if (!real) throw new NonsenseRow(`${field} must be a date`);
  return new Date(ms + 8 * 3_600_000).toISOString().slice(0, 10);
}

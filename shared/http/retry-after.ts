/** What an answer asks for with `Retry-After` (RFC 9110, section 10.2.3). */

const MOST_MS = 600_000;

/** Milliseconds from `now` (wall clock), 0 to 10 minutes; undefined where it says nothing that can be read. */
export function readRetryAfter(header: string | null, now: number): number | undefined {
  const text = header?.trim() ?? '';
  // Date.parse makes a year of many numbers, and local time of a date without zone.
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : text.endsWith(' GMT') ? Date.parse(text) - now : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MOST_MS);
}

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, it } from 'node:test';
import * as fc from 'fast-check';
import { HOLIDAYS } from './holidays.ts';
import { createCalendar } from './singapore-calendar.ts';

const calendar = createCalendar([]);
const ZONES = ['UTC', 'Asia/Singapore', 'America/New_York', 'Europe/Berlin', 'Pacific/Apia', 'Australia/Lord_Howe'];
const OWN_ZONE = process.env['TZ'];
after(() => {
  if (OWN_ZONE === undefined) delete process.env['TZ'];
  else process.env['TZ'] = OWN_ZONE;
});

const zone = fc.constantFrom(...ZONES);
/** From 2025 to 2030, and often where clocks elsewhere change, or Singapore's days and service days do. */
const moment = fc
  .tuple(
    fc.integer({ min: Date.parse('2025-01-01'), max: Date.parse('2030-01-01') }),
    fc.constantFrom(
      undefined,
      '2026-03-08T07:00Z',
      '2026-11-01T06:00Z',
      '2026-10-25T01:00Z',
      '2026-12-24T20:00Z',
      '2026-11-08T16:00Z',
    ),
    fc.integer({ min: -7_200_000, max: 7_200_000 }),
  )
  .map(([any, near, by]) => (near ? Date.parse(near) + by : any));

/** What Singapore's wall clock shows, by the runtime's own tables. */
const wallClock = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Asia/Singapore',
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  weekday: 'short',
});
function shown(ms: number) {
  const parts = Object.fromEntries(wallClock.formatToParts(ms).map(({ type, value }) => [type, value]));
  const { year, month, day, hour, minute, weekday } = parts as Record<string, string>;
  return { date: `${year}-${month}-${day}`, text: `${hour}${minute}`, weekday };
}

it('knows the date and kind of the service day, whatever zone the server is in', () => {
  fc.assert(
    fc.property(moment, zone, (now, tz) => {
      process.env['TZ'] = tz;
      const { date, weekday } = shown(now - 4 * 3_600_000);
      const holiday = HOLIDAYS.get(date);
      const kind = holiday || weekday === 'Sun' ? 'sunday' : weekday === 'Sat' ? 'saturday' : 'weekday';
      assert.deepEqual(calendar.day(now), { date, kind, ...(holiday && { holiday }) });
    }),
    { numRuns: 300 },
  );
});

const hhmm = (minutes: number) =>
  String(Math.floor(minutes / 60) % 24).padStart(2, '0') + String(minutes % 60).padStart(2, '0');

/** Minutes of the service day from 04:00 on; the last bus comes after the first, or up to two hours after the day's end. */
const span = fc
  .tuple(fc.integer({ min: 240, max: 1_679 }), fc.integer({ min: 0, max: 1_439 }), fc.boolean())
  .map(([first, length, midnightAs24]) => {
    const last = Math.min(first + length, 1_679 + 120);
    const write = (minutes: number) => (minutes === 1_440 && midnightAs24 ? '2400' : hhmm(minutes));
    return { first: write(first), last: write(last) };
  });

it('finds the same as walking through the service day minute by minute with the wall clock in view', () => {
  fc.assert(
    fc.property(span, moment, zone, ({ first, last }, now, tz) => {
      process.env['TZ'] = tz;
      const minuteOf = (ms: number) => Math.floor(ms / 60_000) * 60_000;
      let begin = minuteOf(now);
      while (shown(begin).text !== '0400') begin -= 60_000;
      let state = 'before_first';
      let over = false;
      for (let at = begin; at <= minuteOf(now); at += 60_000) {
        if (over) state = 'after_last';
        const { text } = shown(at);
        if (text === first.replace('2400', '0000') && state === 'before_first') state = 'running';
        if (text === last.replace('2400', '0000') && state === 'running') over = true;
      }
      const times = { first, last };
      assert.equal(calendar.operation({ weekday: times, saturday: times, sunday: times }, now).state, state);
    }),
    { numRuns: 60 },
  );
});

/** LTA's first and last buses as a file; it is not part of the project. */
const REAL = process.env['BUS_DATA_PATH'] ?? '';
it("reads each pair of LTA's list as a stretch of less than a day", async (t) => {
  const text = await readFile(`${REAL}/firstlast.min.json`, 'utf8').catch(() => undefined);
  if (text === undefined) return t.skip('needs a folder with firstlast.min.json at BUS_DATA_PATH');
  const noon = Date.parse('2026-01-08T12:00+08:00');
  let pairs = 0;
  for (const row of Object.values(JSON.parse(text) as Record<string, string[]>).flat()) {
    const [service, first = '', last = ''] = row.split(' ');
    const { state, span: told } = calendar.operation({ weekday: { first, last } }, noon);
    pairs++;
    assert.notEqual(state, 'unknown', row);
    if (service === '972A' && told) assert.notEqual(state, 'running', row);
  }
  assert.ok(pairs > 20_000);
  return undefined;
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { createCalendar } from '#shared/bus/singapore-calendar.ts';
import { createApp } from '#shared/http/app.ts';
import { systemIds } from '#shared/ids.ts';
import type { LtaBus, LtaService } from '#shared/lta/lta.ts';
import { aBus, aNetwork, aRoute, aService } from '#shared/testing/boards.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { compactRoutes } from './compact.ts';

const NOON = Date.parse('2026-01-08T12:00:00+08:00');

/** What the routes answer while LTA tells these services. */
async function answer(query: string, services: readonly LtaService[] = []): Promise<string> {
  const clock = createFakeClock(NOON);
  const log = createKeptLog();
  const app = createApp({ log, ids: systemIds, clock });
  const snapshot = { stop: '83139', services, fetchedAt: NOON, fetchedMono: 0 };
  const feed = {
    read: async () => ({ snapshot, source: 'live', upstream: { status: 'ok' } }) as const,
    dueInMs: () => 0,
  };
  const state = () =>
    ({ callsLeft: 1, callsPerMinute: 1, breaker: 'closed', stops: 0, calls: 0, failures: 0 }) as const;
  compactRoutes(app, {
    lists: { current: async () => aNetwork([aRoute('15', 1, ['77009', '83139', '77008'])]) },
    lta: async () => ({ feed: { ...feed, state } }),
    clock,
    calendar: createCalendar([]),
    log,
  });
  const got = await app.fetch(new Request(`http://bus.example/api/lta-datamall/v1/bus-arrival?${query}`));
  return got.text();
}
const echoed = async (query: string) => /^\{"services":null,"bus_stop_id":(".*")\}$/.exec(await answer(query))?.[1];

describe('an id', () => {
  it('is the first value under its name, decoded as Go does', async () => {
    const same: [string, string][] = [
      ['bus-stop-id=abcde&bus-stop-id=fghij', '"abcde"'],
      ['x=1&bus%2Dstop%2Did=abcde', '"abcde"'],
      ['bus-stop-id=a+b%20c', '"a b c"'],
      ['bus-stop-id=a%2Bb=c', '"a+b=c"'],
      ['&&=&bus-stop-id=abcde&', '"abcde"'],
      ['bus-stop-id=abc%zz&bus-stop-id=fghij', '"fghij"'],
      ['bus-stop-id=abcd%&bus-stop-id=fghij', '"fghij"'],
      ['bus-stop-id=ab;cd&bus-stop-id=fghij', '"fghij"'],
      ['%zz=1&bus-stop-id=abcde', '"abcde"'],
    ];
    for (const [query, expected] of same) assert.equal(await echoed(query), expected, query);
    for (const query of [
      'bus-stop-id=abc%zz',
      'bus-stop-id=ab%3',
      'bus-stop-id=abcde;',
      'bus-stop-id&bus-stop-id=abcde',
    ])
      assert.equal(await answer(query), '{"status":"bad bus stop id"}', query);
  });

  it('counts in bytes', async () => {
    assert.equal(await echoed('bus-stop-id=%C3%A9%C3%A9x'), '"ééx"');
    assert.equal(await echoed(`bus-stop-id=${encodeURIComponent('🚌x')}`), '"🚌x"');
    assert.equal(await answer(`bus-stop-id=${encodeURIComponent('ééééé')}`), '{"status":"bad bus stop id"}');
  });

  it('is echoed as Go writes text', async () => {
    const same: [string, string][] = [
      ['%3Cb%3E%26x', String.raw`"\u003cb\u003e\u0026x"`],
      ['%22%5C%2F%27x', String.raw`"\"\\/'x"`],
      ['%0A%0D%09%08%0C', String.raw`"\n\r\t\u0008\u000c"`],
      ['%00%01%1F%20%7F', String.raw`"\u0000\u0001\u001f ${'\u007f'}"`],
      ['%E2%80%A8xy', String.raw`"\u2028xy"`],
      ['%E2%80%A9xy', String.raw`"\u2029xy"`],
      ['%FFabcd', String.raw`"\ufffdabcd"`],
      ['%E2%80abc', String.raw`"\ufffd\ufffdabc"`],
      ['%ED%A0%80ab', String.raw`"\ufffd\ufffd\ufffdab"`],
      ['%C0%80abc', String.raw`"\ufffd\ufffdabc"`],
      ['%EF%BF%BDab', '"\ufffdab"'],
      ['%EF%BB%BFab', '"\ufeffab"'],
    ];
    for (const [value, expected] of same) assert.equal(await echoed(`bus-stop-id=${value}`), expected, value);
  });
});

/** Another way to the same text: what JSON.stringify writes, with Go's differences. */
function reference(services: readonly LtaService[], id: string): string {
  const told = services.filter(({ slots }) => slots.some(Boolean));
  const minutes = (bus: LtaBus | undefined) => {
    const ms = (bus?.eta ?? NOON) - NOON;
    return ms < 0 ? 0 - Math.floor(-ms / 60_000) : Math.floor(ms / 60_000);
  };
  const rows = told.map(({ service, slots: [a, b, c] }) => ({
    service_no: service,
    next_bus: minutes(a),
    next_bus_2: minutes(b),
    next_bus_3: minutes(c),
  }));
  const text = JSON.stringify({ services: rows.length > 0 ? rows : null, bus_stop_id: id });
  return text
    .replaceAll('\\b', '\\u0008')
    .replaceAll('\\f', '\\u000c')
    .replace(/[<>&\u2028\u2029]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const eta = fc.oneof(
  fc.integer({ min: -7_200_000, max: 7_200_000 }),
  fc.constantFrom(0, -1, 1, 59_999, 60_000, -59_999, -60_000, -60_001, -90_000),
);
const slot = fc.option(
  eta.map((ms) => aBus(NOON + ms)),
  { nil: undefined },
);
const name = fc.oneof(fc.constantFrom('15', '10e', '225G'), fc.stringMatching(/^[\w<>&"' /é\u2028🚌]{1,6}$/u));
const services = fc.array(
  fc.tuple(name, fc.tuple(slot, slot, slot)).map(([service, slots]) => aService(service, slots)),
  { maxLength: 5 },
);

it('is, byte for byte, what another formatter makes of the same services', async () => {
  await fc.assert(
    fc.asyncProperty(services, async (given) => {
      assert.equal(await answer('bus-stop-id=83139', given), reference(given, '83139'));
    }),
  );
});

it('is, byte for byte, what another formatter makes of any id that is text', async () => {
  const id = fc
    .string({ unit: 'grapheme', maxLength: 5 })
    .filter((text) => Buffer.byteLength(text) === 5 && !/[\\]/.test(text) && text !== '83139');
  await fc.assert(
    fc.asyncProperty(fc.oneof(id, fc.stringMatching(/^[ -[\]-~]{5}$/)), async (text) => {
      assert.equal(await answer(`bus-stop-id=${encodeURIComponent(text)}`), reference([], text));
    }),
  );
});

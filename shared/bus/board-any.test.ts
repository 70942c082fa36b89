import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { LtaBus, LtaService } from '../lta/lta.ts';
import { readArrivals } from '../lta/read-arrivals.ts';
import { aNetwork, aRoute } from '../testing/boards.ts';
import type { BoardRow } from './board.ts';
import { boardRows } from './board-rows.ts';
import { countdown } from './countdown.js';
import type { Times } from './lists.ts';
import { compareServices } from './natural-order.ts';
import { createCalendar } from './singapore-calendar.ts';

const calendar = createCalendar([]);
const CODES = ['10001', '10002', '10003', '10004'] as const;
const STOP = CODES[1];
const code = fc.constantFrom(...CODES);
const hour = fc.constantFrom('0530', '2345', '2400', '0012', '0100', '1200', '-', '', 'soon', '0430', '2359', '2340');
const span = fc.record({ first: hour, last: hour });
const times: fc.Arbitrary<Times> = fc.record({ weekday: span, saturday: span, sunday: span }, { requiredKeys: [] });
const numbers = ['2', '10', '10e', '225G'];

const network = fc
  .uniqueArray(
    fc.tuple(
      fc.constantFrom(...numbers),
      fc.constantFrom(1 as const, 2 as const),
      fc.array(code, { maxLength: 6 }),
      times,
    ),
    { selector: ([service, direction]) => `${service} ${direction}`, maxLength: 6 },
  )
  .map((routes) =>
    aNetwork(routes.map(([service, direction, codes, hours]) => aRoute(service, direction, codes, hours))),
  );

const bus = (now: number): fc.Arbitrary<LtaBus> =>
  fc
    .record({
      eta: fc.oneof(
        fc.integer({ min: now - 120_000, max: now + 180_000 }),
        fc.constantFrom(0, -1, 1, 30_000, 30_001, 90_000, 90_001, -60_000, -59_999, -9e12).map((ms) => now - ms),
      ),
      monitored: fc.boolean(),
      visit: fc.constantFrom(1, 1, 2),
      destination: fc.option(fc.oneof(code, fc.constant('77777')), { nil: undefined }),
    })
    .map(({ destination, ...rest }) => ({ ...rest, ...(destination && { destination }) }));
const reply = (now: number): fc.Arbitrary<LtaService[]> => {
  const slot = fc.option(bus(now), { nil: undefined });
  return fc.array(
    fc.record({
      service: fc.constantFrom(...numbers, '10E', '225g', '7'),
      operator: fc.constantFrom('SBST', ''),
      slots: fc.tuple(slot, slot, slot),
    }),
    { maxLength: 6 },
  );
};
const now = fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2029-01-01') });
const situation = now.chain((at) =>
  fc.record({ at: fc.constant(at), network: fc.option(network, { nil: undefined }), services: reply(at) }),
);

describe('whatever LTA tells and the lists have', () => {
  const check = (
    property: (given: { at: number; services: LtaService[]; rows: ReturnType<typeof boardRows> }) => void,
  ) =>
    fc.assert(
      fc.property(situation, (given) => {
        const rows = boardRows({ ...given, code: STOP, now: given.at, calendar, age: 0 });
        property({ ...given, rows });
      }),
      { numRuns: 400 },
    );

  it('each row has an id of its own', () => {
    check(({ rows }) => assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length));
  });

  it('no bus that is still to be shown is lost, but for three in its row that come before it, or come at all', () => {
    check(({ at, services, rows }) => {
      for (const { service, slots } of services)
        for (const told of slots) {
          if (!told || countdown(told.eta, at).state === 'gone') continue;
          const eta = new Date(told.eta).toISOString();
          const left = countdown(told.eta, at).state === 'left';
          const shows = ({ buses }: BoardRow) =>
            buses.some((shown) => shown.eta === eta) ||
            (buses.length === 3 && buses.every((shown) => left || shown.eta <= eta));
          const found = rows.filter(
            (row) =>
              row.service.toUpperCase() === service.toUpperCase() &&
              row.visit === told.visit &&
              (told.destination === undefined || row.destination.code === told.destination),
          );
          assert.ok(found.some(shows));
        }
    });
  });

  it('buses are at most three, the soonest first, and none is gone', () => {
    check(({ rows }) => {
      for (const { buses } of rows) {
        assert.ok(buses.length <= 3);
        assert.deepEqual(
          buses,
          buses.toSorted((a, b) => Date.parse(a.eta) - Date.parse(b.eta)),
        );
        for (const { state, minutes, display } of buses) {
          assert.equal(minutes === null, state === 'left');
          assert.equal(display, state === 'due' ? String(minutes) : state === 'arriving' ? 'Arr' : display);
        }
      }
    });
  });

  it('the status is that of the next bus, or says why there is none', () => {
    check(({ rows }) => {
      for (const { buses, status, reason, firstBus } of rows) {
        const next = buses.find(({ state }) => state !== 'left');
        const expected = next ? [next.monitored ? 'live' : 'scheduled'] : ['no_estimate', 'not_operating', 'unknown'];
        assert.ok(expected.includes(status), status);
        assert.match(reason, /^[A-Z][^.]*$/);
        if (status === 'unknown') assert.equal(firstBus, null);
      }
    });
  });

  it('every service that is told or calls here has a row, in natural order', () => {
    fc.assert(
      fc.property(situation, (given) => {
        const rows = boardRows({ ...given, code: STOP, now: given.at, calendar, age: 0 });
        const boarded = (given.network?.callsAt(STOP) ?? []).filter(
          ({ route, index }) => index === 0 || index < route.stops.length - 1,
        );
        for (const { route } of boarded) assert.ok(rows.some(({ service }) => service === route.service));
        const services = rows.map(({ service }) => service);
        assert.deepEqual(services, services.toSorted(compareServices));
      }),
      { numRuns: 400 },
    );
  });
});

/** Replies that were recorded elsewhere; they are not part of the project. */
const folder = process.env['BUS_REPLIES_PATH'] ?? '';
const skip = !existsSync(folder) && 'needs a folder of recorded replies of v3/BusArrival at BUS_REPLIES_PATH';

describe('recorded replies', { skip }, () => {
  for (const file of skip ? [] : readdirSync(folder).filter((name) => /^(?:v\d|derived-v\d)-.*\.json$/.test(name)))
    it(`${file} becomes a board with all its buses`, () => {
      const services = readArrivals(JSON.parse(readFileSync(join(folder, file), 'utf8')));
      const etas = services.flatMap(({ slots }) => slots.flatMap((slot) => (slot ? [slot.eta] : [])));
      const at = Math.min(...etas, Date.parse('2026-09-15T00:56:00+08:00'));
      const rows = boardRows({ network: undefined, code: STOP, services, now: at, calendar, age: 0 });
      assert.deepEqual(
        rows.flatMap(({ buses }) => buses.map(({ eta }) => Date.parse(eta))).sort((a, b) => a - b),
        etas.sort((a, b) => a - b),
      );
      assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length);
    });
});

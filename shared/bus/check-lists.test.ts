import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import { aCity, routeRows, stopCode, stopRow } from '../testing/datamall-rows.ts';
import { type CheckContext, checkList } from './check-lists.ts';
import type { ListName } from './list-records.ts';
import { readList } from './read-rows.ts';

const city = aCity({ stops: 200 });
const { records: stops } = readList('stops', city.stops);

function check(list: ListName, rows: readonly unknown[], more: Partial<CheckContext> = {}) {
  checkList(list, readList(list, rows), { from: 'datamall', allowShrink: false, current: undefined, stops, ...more });
}

const doubt = (rule: RegExp) => (error: unknown) =>
  isAppError(error, 'invalid') && rule.test(error.message) && !error.message.includes('\n');

const before = (rows: number): CheckContext['current'] => {
  const source = { from: 'datamall', at: '2026-01-01T00:00:00Z', rows } as const;
  return { sources: { stops: source, services: source, routes: source, planned: source } };
};

/** So many of 200 stops as they are, and the others otherwise. */
const spoilt = (count: number, more: object) =>
  city.stops.map((row, index) => (index < count ? { ...row, ...more } : row));

describe('a list is taken', () => {
  it('where nothing speaks against it', () => {
    check('stops', city.stops);
    check('services', city.services);
    check('routes', city.routes);
  });

  it('with as little dirt as life brings', () => {
    check('stops', spoilt(4, { BusStopCode: 'x' }));
    check('stops', spoilt(2, { Latitude: 0, Longitude: 0 }));
  });

  it('where a file holds but one stop', () => {
    check('stops', [stopRow(0)], { from: 'file' });
  });

  it('a tenth shorter than before, and much shorter where somebody says so', () => {
    check('stops', city.stops, { current: before(222) });
    check('stops', city.stops, { current: before(5_000), allowShrink: true });
  });

  it('much shorter where it is of planned routes, which come into force', () => {
    check('planned', routeRows('5', ['10001'], { EffectiveDate: '2026-01-01' }), { current: before(1_000) });
  });

  it('where no routes are planned any more', () => {
    check('planned', [], { current: before(1_000) });
  });

  it('where there are no stops to compare it with', () => {
    check('routes', routeRows('5', ['55555']), { stops: undefined });
  });
});

describe('a list is in doubt', () => {
  const cases: [string, ListName, unknown[], Partial<CheckContext>, RegExp][] = [
    ['when it is empty', 'routes', [], {}, /^BusRoutes: it is empty/],
    [
      'with too many rows that make no sense',
      'stops',
      spoilt(5, { BusStopCode: '1' }),
      {},
      /^BusStops: 5 of 200 rows make no sense, more than 2 % \(row 1: BusStopCode/,
    ],
    [
      'with too many stops twice',
      'stops',
      spoilt(7, { BusStopCode: '00001' }),
      {},
      /^BusStops: 6 of 200.*another row for 00001/,
    ],
    [
      'with stops at sea',
      'stops',
      spoilt(3, { Latitude: 0, Longitude: 0 }),
      {},
      /^BusStops: 98.5 % of the stops are in Singapore.*99 %/,
    ],
    ['with stops elsewhere', 'stops', spoilt(200, { Longitude: 103.5 }), {}, /^BusStops: 0 % of the stops/],
    [
      'with too few stops for all of Singapore',
      'stops',
      city.stops.slice(0, 99),
      {},
      /^BusStops: it has 99 stops, and Singapore has more than 100/,
    ],
    [
      'when it has shrunk',
      'stops',
      city.stops,
      { current: before(223) },
      /^BusStops: it has shrunk from 223 rows to 200, .*10 %; .*--allow-shrink/,
    ],
    [
      'when its services are gone',
      'services',
      city.services,
      { current: before(600) },
      /^BusServices: it has shrunk from 600 rows to 12/,
    ],
    [
      'when its routes are gone',
      'routes',
      city.routes,
      { current: before(134) },
      /^BusRoutes: it has shrunk from 134 rows to 120/,
    ],
    [
      'with stops that nobody knows',
      'routes',
      [...city.routes, ...routeRows('77', ['55551', '55552', '55553'])],
      {},
      /^BusRoutes: 97.5 % of its rows name a stop/,
    ],
    [
      'with places twice',
      'routes',
      [...city.routes, ...city.routes.slice(0, 3)],
      {},
      /^BusRoutes: 3 of 123 rows.*another row for 1, direction 1, place 1/,
    ],
    [
      'with times that no clock shows',
      'routes',
      routeRows('5', [stopCode(1)], { WD_LastBus: '25:00' }),
      {},
      /^BusRoutes: 1 of 1 .*WD_LastBus/,
    ],
  ];
  for (const [what, list, rows, more, rule] of cases)
    it(`${what}: ${rule.source.slice(1, 30)}`, () => {
      assert.throws(() => check(list, rows, more), doubt(rule));
    });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { routeRow, serviceRow, stopRow } from '../testing/datamall-rows.ts';
import { LIST_NAMES } from './list-records.ts';
import { readList } from './read-rows.ts';

const stopOf = (more: object) => readList('stops', [stopRow(0, { ...more })]);
const callOf = (more: object) => readList('routes', [routeRow('5', 1, '10001', { ...more })]);
const call = (more: object) => callOf(more).records[0]?.stops[0];

describe('rows of BusStops', () => {
  it('are read with positions as numbers or as text', () => {
    const wanted = { code: '10001', name: 'Blk 0', road: 'Test Rd 0', lat: 1.316848, lon: 103.852536 };
    for (const [lat, lon] of [
      [1.31684825487647, 103.85253591654006],
      ['1.31684825487647', ' 103.85253591654006 '],
    ])
      assert.deepEqual(stopOf({ Latitude: lat, Longitude: lon }).records, [wanted]);
  });

  it('have back the zeros that a number loses', () => {
    assert.equal(stopOf({ BusStopCode: 1012 }).records[0]?.code, '01012');
  });

  it('may have fields that nobody announced, and names in which there is more than text', () => {
    const [stop] = stopOf({ Description: ' Blk\u0000 1\n\u202e ', Colour: 'red' }).records;
    assert.equal(stop?.name, 'Blk 1');
  });

  it('are named after the road where they have no name', () => {
    assert.equal(stopOf({ Description: null }).records[0]?.name, 'Test Rd 0');
  });

  const nonsense: [string, object, RegExp][] = [
    ['a code of four digits', { BusStopCode: '1012' }, /BusStopCode must be five digits/],
    ['no code', { BusStopCode: undefined }, /BusStopCode/],
    ['no position', { Latitude: '' }, /Latitude and Longitude/],
    ['a position that is no number', { Longitude: 'east' }, /Latitude and Longitude/],
    ['neither name nor road', { Description: '', RoadName: ' ' }, /Description is missing/],
    ['a name that is an object', { Description: {} }, /Description is no text/],
    ['a name without end', { Description: 'x'.repeat(101) }, /longer than 100/],
  ];
  for (const [what, more, problem] of nonsense)
    it(`are left out and counted with ${what}`, () => {
      const read = readList('stops', [stopRow(1), stopRow(0, { ...more })]);
      assert.deepEqual([read.records.length, read.given, read.dropped], [1, 2, 1]);
      assert.match(read.problem ?? '', problem);
      assert.match(read.problem ?? '', /^row 2: /);
    });

  it('are taken once each', () => {
    const read = readList('stops', [stopRow(0), stopRow(0, { Description: 'Other' })]);
    assert.deepEqual([read.records.length, read.records[0]?.name, read.dropped], [1, 'Blk 0', 1]);
  });
});

describe('rows of BusServices', () => {
  it('are taken as LTA writes them, however odd', () => {
    const odd = {
      Category: '2-TIER FLAT FARE',
      AM_Peak_Freq: '-',
      AM_Offpeak_Freq: 9,
      PM_Peak_Freq: '0-0',
      PM_Offpeak_Freq: '10-528',
    };
    const [record] = readList('services', [
      serviceRow('851e', { ...odd, LoopDesc: 'Test Rd', Direction: '2' }),
    ]).records;
    assert.deepEqual(record, {
      service: '851e',
      direction: 2,
      operator: 'SBST',
      category: '2-TIER FLAT FARE',
      origin: '10001',
      destination: '10010',
      loop: 'Test Rd',
      frequency: { amPeak: '-', amOffpeak: '9', pmPeak: '0-0', pmOffpeak: '10-528' },
    });
  });

  it('may do without frequencies, loop and ends', () => {
    const [record] = readList('services', [{ ServiceNo: 5, Direction: 1 }]).records;
    assert.deepEqual(record, { service: '5', direction: 1, operator: '', category: '', origin: '', destination: '' });
  });

  it('are left out with a direction that does not exist, and where they come twice', () => {
    const read = readList('services', [
      serviceRow('5'),
      serviceRow('5'),
      serviceRow('5', { Direction: 3 }),
      serviceRow('a b'),
    ]);
    assert.deepEqual([read.records.length, read.dropped], [1, 3]);
  });
});

describe('rows of BusRoutes', () => {
  it('become one pattern for each service and direction, in the order of the sequence', () => {
    const rows = [routeRow('5', 4, '10002'), routeRow('5', 1, '10001'), routeRow('5', 1, '10009', { Direction: 2 })];
    const { records } = readList('routes', rows);
    assert.deepEqual(
      records.map(({ direction, stops }) => [direction, stops.map(({ code, sequence }) => [code, sequence])]),
      [
        [
          1,
          [
            ['10001', 1],
            ['10002', 4],
          ],
        ],
        [2, [['10009', 1]]],
      ],
    );
  });

  it('tell first and last buses where there are both', () => {
    assert.deepEqual(call({})?.times, {
      weekday: { first: '0530', last: '2400' },
      saturday: { first: '0530', last: '0012' },
    });
    assert.deepEqual(call({ WD_FirstBus: '-', SAT_LastBus: '', SUN_FirstBus: '0600', SUN_LastBus: null })?.times, {});
  });

  it('may have a distance as whole number, as text, or none', () => {
    for (const [distance, wanted] of [
      [4, 4],
      ['1.25', 1.25],
      [0.1 + 0.2, 0.3],
      [null, undefined],
      ['', undefined],
      ['-', undefined],
      [-1, undefined],
    ] as const)
      assert.equal(call({ Distance: distance })?.distanceKm, wanted);
  });

  const nonsense: [string, object, RegExp][] = [
    ['a time that no clock shows', { WD_FirstBus: '2560' }, /WD_FirstBus must be a time/],
    ['a time after 2400', { SUN_LastBus: '2401' }, /SUN_LastBus must be a time/],
    ['no place in the sequence', { StopSequence: null }, /StopSequence/],
    ['half a place', { StopSequence: 1.5 }, /StopSequence/],
    ['no service', { ServiceNo: '' }, /ServiceNo/],
  ];
  for (const [what, more, problem] of nonsense)
    it(`are left out and counted with ${what}`, () => {
      const { dropped, problem: told, records } = callOf(more);
      assert.deepEqual([dropped, records.length], [1, 0]);
      assert.match(told ?? '', problem);
    });

  it('are taken once for each place', () => {
    const read = readList('routes', [routeRow('5', 1, '10001'), routeRow('5', 1, '10002')]);
    assert.deepEqual([read.records[0]?.stops.length, read.dropped], [1, 1]);
  });
});

describe('rows of PlannedBusRoutes', () => {
  const days: [unknown, string | undefined][] = [
    ['20260131T00:00:00+0800', '2026-01-31'],
    ['2026-01-31', '2026-01-31'],
    ['2026-01-31T00:00:00', '2026-01-31'],
    ['2026-01-31 00:00:00', '2026-01-31'],
    ['2026-01-30T16:00:00Z', '2026-01-31'],
    [20260131, '2026-01-31'],
    ['2026-02-30', undefined],
    ['31/01/2026', undefined],
    ['soon', undefined],
    ['', undefined],
  ];
  for (const [written, day] of days)
    it(`come into force on ${day ?? 'no day'} with ${JSON.stringify(written)}`, () => {
      const { records, dropped } = readList('planned', [routeRow('5', 1, '10001', { EffectiveDate: written })]);
      assert.deepEqual([records[0]?.effective, dropped], [day, day ? 0 : 1]);
    });

  it('are patterns of their own for each day', () => {
    const rows = ['2026-01-01', '2026-02-01'].map((EffectiveDate) => routeRow('5', 1, '10001', { EffectiveDate }));
    assert.equal(readList('planned', rows).records.length, 2);
  });
});

describe('rows of any kind', () => {
  const value = fc.oneof(
    fc.anything(),
    fc.constantFrom('10001', '5', 1, '0530', '-', '2026-01-01', Number.NaN, '1e999'),
  );
  const names = Object.keys({ ...stopRow(0), ...serviceRow('5'), ...routeRow('5', 1, '10001'), EffectiveDate: '' });
  const row = fc.oneof(fc.anything(), fc.dictionary(fc.constantFrom(...names), value, { minKeys: 5 }));

  it('are read or left out, and each is counted', () => {
    fc.assert(
      fc.property(fc.constantFrom(...LIST_NAMES), fc.array(row), (list, rows) => {
        const { given, dropped, problem } = readList(list, rows);
        assert.equal(given, rows.length);
        assert.equal(problem === undefined, dropped === 0);
      }),
      { numRuns: 1_000 },
    );
  });
});

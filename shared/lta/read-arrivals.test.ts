import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { arrivalBody, BLANK_SLOT, type ShortBus } from '../testing/fake-lta-replies.ts';
import { type LtaBus, LtaError } from './lta.ts';
import { readArrivals } from './read-arrivals.ts';

const ETA = Date.parse('2026-11-23T01:41:48Z');

/** What is read of a slot that says this, beside what a slot mostly says. */
function busOf(fields: Record<string, unknown>, short: Partial<ShortBus> = {}): LtaBus | undefined {
  return slotOf({ ...slotFields(short), ...fields });
}

function slotOf(slot: unknown): LtaBus | undefined {
  return readArrivals({ Services: [{ ServiceNo: '15', Operator: 'GAS', NextBus: slot }] })[0]?.slots[0];
}

function slotFields(short: Partial<ShortBus> = {}): Record<string, unknown> {
  const [service] = arrivalBody('83139', [{ service: '15', etas: [{ eta: ETA, ...short }] }])['Services'] as [
    { NextBus: Record<string, unknown> },
  ];
  return service.NextBus;
}

/** A slot without one of its fields. */
function without(name: string, short: Partial<ShortBus> = {}): LtaBus | undefined {
  const { [name]: _gone, ...rest } = slotFields(short);
  return slotOf(rest);
}

describe('a reply', () => {
  test('keeps its services in their order, the same number twice where it comes twice', () => {
    const body = arrivalBody('66271', [
      { service: '51', operator: 'SBST', etas: [ETA] },
      { service: '136', etas: [{ eta: ETA, destination: '83139' }] },
      { service: '136', operator: 'TTS', etas: [{ eta: ETA, destination: '54009', visit: 2 }] },
    ]);
    const read = readArrivals(body).map(({ service, operator, slots }) => [service, operator, slots[0]?.destination]);
    assert.deepEqual(read, [
      ['51', 'SBST', '77009'],
      ['136', 'SBST', '83139'],
      ['136', 'TTS', '54009'],
    ]);
  });

  test('without services is a quiet stop', () => {
    assert.deepEqual(readArrivals(arrivalBody('04151', [])), []);
  });

  for (const json of [
    null,
    7,
    'text',
    [],
    {},
    { Services: null },
    { Services: {} },
    { services: [] },
    [{ Services: [] }],
  ])
    test(`of another shape is refused: ${JSON.stringify(json)}`, () => {
      assert.throws(
        () => readArrivals(json, 200),
        (error) => error instanceof LtaError && error.trouble === 'bad_body' && error.httpStatus === 200,
      );
    });

  test('is read up to 200 services', () => {
    const many = Array.from({ length: 250 }, (_, n) => ({ service: String(n) }));
    assert.equal(readArrivals(arrivalBody('84009', many)).length, 200);
  });
});

describe('a service', () => {
  for (const odd of [null, 7, '15', [], [[]], {}, true, { Operator: 'SBST' }])
    test(`that is none takes no other with it: ${JSON.stringify(odd)}`, () => {
      const { Services } = arrivalBody('83139', [{ service: '15' }, { service: '155' }]) as { Services: unknown[] };
      const read = readArrivals({ Services: [Services[0], odd, Services[1]] });
      assert.deepEqual(
        read.map(({ service }) => service),
        ['15', '155'],
      );
    });

  const names: [unknown, string | undefined][] = [
    ['851e', '851e'],
    ['225G', '225G'],
    [' 10 ', '10'],
    [15, '15'],
    ['', undefined],
    ['  ', undefined],
    [1.5, undefined],
    [null, undefined],
    [['15'], undefined],
    ['12345678901', undefined],
    ['1\u00005', undefined],
    ['1\n5', undefined],
    ['15\u202e', undefined],
    ['\ud800', undefined],
  ];
  for (const [name, expected] of names)
    test(`called ${JSON.stringify(name)} is ${expected ?? 'left out'}`, () => {
      const read = readArrivals({ Services: [{ ServiceNo: name, Operator: 'SMRT' }] });
      assert.deepEqual(
        read.map(({ service }) => service),
        expected === undefined ? [] : [expected],
      );
    });

  test('has three slots and a blank operator where the reply has none', () => {
    const nothing = { operator: '', slots: [undefined, undefined, undefined] };
    assert.deepEqual(readArrivals({ Services: [{ ServiceNo: '15' }] }), [{ service: '15', ...nothing }]);
    const operators = [null, 7, 'x'.repeat(11), 'A\tB'].map((Operator) => ({ ServiceNo: '15', Operator }));
    for (const { operator } of readArrivals({ Services: operators })) assert.equal(operator, '');
  });
});

describe('a slot', () => {
  test('is read with all that it says', () => {
    assert.deepEqual(busOf({}), {
      eta: ETA,
      monitored: true,
      position: { lat: 1.3154918333333334, lon: 103.9059125 },
      visit: 1,
      origin: '77009',
      destination: '77009',
      load: 'seats',
      wheelchair: true,
      deck: 'single',
    });
  });

  test('keeps its place', () => {
    const [read] = readArrivals(arrivalBody('83139', [{ service: '15', etas: [undefined, ETA] }]));
    assert.deepEqual(
      read?.slots.map((bus) => bus?.eta),
      [undefined, ETA, undefined],
    );
  });

  for (const [what, slot] of Object.entries({
    blank: BLANK_SLOT,
    'blank but for its type': { ...BLANK_SLOT, Type: 'SD' },
    null: null,
    '{}': {},
    'a text': '2026-11-23T09:41:48+08:00',
    'a list': [slotFields()],
    'full but for its time': { ...slotFields(), EstimatedArrival: '' },
  }))
    test(`that is ${what} is no bus`, () => assert.equal(slotOf(slot), undefined));

  test('that is missing is no bus', () => assert.equal(without('EstimatedArrival'), undefined));

  for (const monitored of [1, '1', ' 1 '])
    test(`with Monitored ${JSON.stringify(monitored)} is a vehicle's, and has its position`, () => {
      const bus = busOf({ Monitored: monitored });
      assert.equal(bus?.monitored, true);
      assert.ok(bus.position);
    });

  for (const monitored of [0, '0', '', null, 2, {}, [1], true])
    test(`with Monitored ${JSON.stringify(monitored)} is the timetable's, and has no position`, () => {
      const bus = busOf({ Monitored: monitored });
      assert.equal(bus?.monitored, false);
      assert.equal(bus.position, undefined);
    });

  test('without Monitored is the timetable’s', () => assert.equal(without('Monitored')?.monitored, false));

  for (const [lat, lon] of [
    ['0.0', '0.0'],
    ['0', '0'],
    [0, 0],
    ['', ''],
    [null, null],
    ['1.3', ''],
    ['', '103.8'],
    ['103.8', '1.3'],
    ['1.12', '103.8'],
    ['1.51', '103.8'],
    ['1.3', '103.54'],
    ['1.3', '104.16'],
    ['north', 'east'],
    ['Infinity', '103.8'],
  ])
    test(`at ${JSON.stringify([lat, lon])} has no position`, () => {
      assert.equal(busOf({ Latitude: lat, Longitude: lon })?.position, undefined);
    });

  test('has its position from numbers as well', () => {
    const position = { lat: 1.3, lon: 103.8 };
    assert.deepEqual(busOf({ Latitude: 1.3, Longitude: 103.8 })?.position, position);
    assert.deepEqual(busOf({ Latitude: '1.3', Longitude: 103.8 })?.position, position);
  });

  for (const [visit, expected] of [
    ['1', 1],
    ['2', 2],
    [1, 1],
    [2, 2],
    ['', 1],
    ['3', 1],
    ['second', 1],
    [null, 1],
    [-2, 1],
  ] as const)
    test(`with VisitNumber ${JSON.stringify(visit)} is visit ${expected}`, () => {
      assert.equal(busOf({ VisitNumber: visit })?.visit, expected);
    });

  test('names its load and its deck where they are known', () => {
    const loads = ['SEA', 'SDA', 'LSD', '', 'sea', 'constructor', null, 1].map((Load) => busOf({ Load })?.load);
    assert.deepEqual(loads.slice(0, 3), ['seats', 'standing', 'limited']);
    assert.deepEqual(new Set(loads.slice(3)), new Set([undefined]));
    const decks = ['SD', 'DD', 'BD', '', 'TD', '__proto__', null, 1].map((Type) => busOf({ Type })?.deck);
    assert.deepEqual(decks.slice(0, 3), ['single', 'double', 'bendy']);
    assert.deepEqual(new Set(decks.slice(3)), new Set([undefined]));
  });

  test('tells of wheelchairs only what LTA said', () => {
    assert.equal(busOf({ Feature: 'WAB' })?.wheelchair, true);
    assert.equal(busOf({ Feature: '' })?.wheelchair, false);
    assert.equal(busOf({ Feature: '', Load: '', Type: '' })?.wheelchair, undefined);
    assert.equal(busOf({ Feature: 'XYZ' })?.wheelchair, undefined);
    assert.equal(busOf({ Feature: null })?.wheelchair, undefined);
    assert.equal(without('Feature')?.wheelchair, undefined);
  });

  test('has no ends where they are blank or no codes', () => {
    for (const code of ['', ' ', null, 77009.5, 'x'.repeat(11), '\u0007']) {
      const bus = busOf({ OriginCode: code, DestinationCode: code });
      assert.equal(bus?.origin, undefined);
      assert.equal(bus?.destination, undefined);
    }
  });
});

/** Replies that were recorded elsewhere; they are not part of the project. */
const folder = process.env['BUS_REPLIES_PATH'] ?? '';
const skip = !existsSync(folder) && 'needs a folder of recorded replies of v3/BusArrival at BUS_REPLIES_PATH';

describe('recorded replies', { skip }, () => {
  const files = skip ? [] : readdirSync(folder).filter((file) => /^(?:v\d|derived-v\d)-.*\.json$/.test(file));
  for (const file of files)
    test(`${file} is read whole`, () => {
      const json = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
        Services: Record<string, Record<string, string> | undefined>[];
      };
      const read = readArrivals(json);
      assert.equal(read.length, json.Services.length);
      for (const [at, { slots }] of read.entries())
        for (const [n, name] of ['NextBus', 'NextBus2', 'NextBus3'].entries()) {
          const written = json.Services[at]?.[name]?.['EstimatedArrival'] ?? '';
          assert.equal(slots[n]?.eta, written === '' ? undefined : Date.parse(written));
        }
    });
});

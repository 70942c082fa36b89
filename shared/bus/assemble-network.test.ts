import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assembleNetwork, type Published, singaporeDate } from './assemble-network.ts';
import type { Pattern } from './list-records.ts';

const pattern = (codes: string[], more: Partial<Pattern> = {}): Pattern => ({
  service: '5',
  direction: 1,
  operator: 'SBST',
  stops: codes.map((code, index) => ({ code, sequence: index + 1, times: {} })),
  ...more,
});
const at = '2026-03-01T02:00:00Z';
const source = { from: 'datamall', at, rows: 2 } as const;
const service = {
  service: '5',
  direction: 1,
  operator: 'TTS',
  category: 'EXPRESS',
  origin: '10001',
  destination: '10002',
  loop: 'Test Rd',
} as const;

const published = (more: Partial<Published> = {}): Published => ({
  version: 'v',
  sources: { routes: source, planned: source },
  records: { routes: [pattern(['10001', '10002'])] },
  ...more,
});
const codesOf = (given: Published, day: string) =>
  assembleNetwork(given, day).routes.map(({ stops }) => stops.map(({ code }) => code).join(' '));

describe('a network of lists', () => {
  it('takes what a service is from BusServices and its stops from BusRoutes', () => {
    const [route] = assembleNetwork(
      published({ records: { services: [service], routes: [pattern(['10001', '10002'])] } }),
      '2026-03-01',
    ).routes;
    assert.deepEqual(route, { ...service, stops: pattern(['10001', '10002']).stops });
  });

  it('makes do with either', () => {
    assert.deepEqual(assembleNetwork(published({ records: { services: [service] } }), '2026-03-01').routes, [
      { ...service, stops: [] },
    ]);
    const [route] = assembleNetwork(published(), '2026-03-01').routes;
    assert.deepEqual(
      [route?.operator, route?.category, route?.origin, route?.destination],
      ['SBST', '', '10001', '10002'],
    );
  });

  it('may have stops alone', () => {
    const stops = [{ code: '10001', name: 'A', road: 'B', lat: 1.3, lon: 103.8 }];
    const network = assembleNetwork(published({ sources: { stops: source }, records: { stops } }), '2026-03-01');
    assert.deepEqual([network.stops, network.routes], [stops, []]);
  });
});

describe('a planned route', () => {
  const planned = { ...pattern(['10001', '10003']), effective: '2026-03-10' };
  const given = published({ records: { ...published().records, planned: [planned] } });

  it('never shows before its day, and takes the place of the pattern from then on', () => {
    assert.deepEqual(codesOf(given, '2026-03-09'), ['10001 10002']);
    assert.deepEqual(codesOf(given, '2026-03-10'), ['10001 10003']);
    assert.deepEqual(codesOf(given, '2027-01-01'), ['10001 10003']);
  });

  it('changes the version when it comes into force', () => {
    assert.equal(assembleNetwork(given, '2026-03-09').version, 'v');
    assert.equal(assembleNetwork(given, '2026-03-11').version, 'v.2026-03-10');
  });

  it('gives way to BusRoutes that were fetched on its day or later, by the date in Singapore', () => {
    const fetched = (time: string) => ({ ...given, sources: { routes: { ...source, at: time } } });
    assert.deepEqual(codesOf(fetched('2026-03-09T15:59:59Z'), '2026-03-12'), ['10001 10003']);
    assert.deepEqual(codesOf(fetched('2026-03-09T16:00:00Z'), '2026-03-12'), ['10001 10002']);
  });

  it('is the latest of several that are in force', () => {
    const later = { ...pattern(['10001', '10004']), effective: '2026-03-20' };
    const both = published({ records: { ...published().records, planned: [later, planned] } });
    assert.deepEqual(codesOf(both, '2026-03-15'), ['10001 10003']);
    assert.deepEqual(codesOf(both, '2026-03-20'), ['10001 10004']);
  });

  it('leaves the other direction and other services alone, and may be a service that is new', () => {
    const records = {
      routes: [pattern(['10001', '10002']), pattern(['10002', '10001'], { direction: 2 })],
      planned: [planned, { ...pattern(['10009'], { service: '6' }), effective: '2026-03-10' }],
    };
    assert.deepEqual(codesOf(published({ records }), '2026-03-10'), ['10001 10003', '10002 10001', '10009']);
  });
});

it('the date in Singapore is eight hours ahead of UTC, wherever the server is', () => {
  assert.equal(singaporeDate(Date.parse('2026-01-31T15:59:59Z')), '2026-01-31');
  assert.equal(singaporeDate(Date.parse('2026-01-31T16:00:00Z')), '2026-02-01');
});

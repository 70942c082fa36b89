import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { readArrivals } from './read-arrivals.ts';

const ETA = Date.parse('2026-11-23T01:41:48Z');
const { TZ } = process.env;

function etaOf(time: unknown): number | undefined {
  return readArrivals({ Services: [{ ServiceNo: '15', NextBus: { EstimatedArrival: time } }] })[0]?.slots[0]?.eta;
}

afterEach(() => {
  if (TZ === undefined) delete process.env['TZ'];
  else process.env['TZ'] = TZ;
});

for (const zone of ['UTC', 'Asia/Singapore', 'America/Los_Angeles', 'Pacific/Kiritimati'])
  describe(`on a machine in ${zone}`, () => {
    const same = [
      '2026-11-23T09:41:48+08:00',
      '2026-11-23T09:41:48+0800',
      '2026-11-23T09:41:48',
      '2026-11-23 09:41:48',
      ' 2026-11-23T09:41:48 ',
      '2026-11-23T09:41:48.000+08:00',
      '2026-11-23T09:41:48.0000000+08:00',
      '2026-11-23T01:41:48Z',
      '2026-11-22T17:41:48-08:00',
    ];
    for (const time of same)
      test(`"${time}" is one and the same moment`, () => {
        process.env['TZ'] = zone;
        // What the machine takes for its own time differs: the zone is really in effect.
        assert.equal(new Date('2026-11-23T09:41:48').getTime() === ETA, zone === 'Asia/Singapore');
        assert.equal(etaOf(time), ETA);
      });
  });

test('a time without seconds is read', () => assert.equal(etaOf('2026-11-23T09:41+08:00'), ETA - 48_000));

test('midnight as 24:00 is the next day', () => {
  assert.equal(etaOf('2026-12-31T24:00:00+08:00'), Date.parse('2026-12-31T16:00:00Z'));
});

test('29 February is a day in a leap year alone', () => {
  assert.equal(etaOf('2028-02-29T00:00:00+08:00'), Date.parse('2028-02-28T16:00:00Z'));
  assert.equal(etaOf('2027-02-29T00:00:00+08:00'), undefined);
});

test('a time long past or far ahead is kept: the reader has no clock', () => {
  assert.equal(etaOf('1970-01-01T08:00:00+08:00'), 0);
  assert.equal(etaOf('2999-01-01T08:00:00+08:00'), Date.parse('2999-01-01T00:00:00Z'));
});

for (const time of [
  '',
  ' ',
  'Arr',
  '-',
  '0',
  '1',
  '2026',
  '2026-11-23',
  '09:41:48',
  '2026-11-23T09',
  '2026-11-31T09:41:48+08:00',
  '2026-00-23T09:41:48+08:00',
  '2026-13-23T09:41:48+08:00',
  '2026-11-00T09:41:48+08:00',
  '2026-11-23T25:41:48+08:00',
  '2026-11-23T09:60:48+08:00',
  '2026-11-23T09:41:48+99:99',
  '23/11/2026 09:41:48',
  'Mon Nov 23 2026 09:41:48',
  '0001-01-01T00:00:00+08:00x',
  `2026-11-23T09:41:48.${'0'.repeat(100)}+08:00`,
  1_795_398_108_000,
  null,
  true,
  {},
  ['2026-11-23T09:41:48+08:00'],
])
  test(`${JSON.stringify(time).slice(0, 40)} is no time`, () => assert.equal(etaOf(time), undefined));

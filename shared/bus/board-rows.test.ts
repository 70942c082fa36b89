import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LtaService } from '../lta/lta.ts';
import { aBus, aNetwork, aRoute, aService, daily } from '../testing/boards.ts';
import type { BoardRow } from './board.ts';
import { boardRows } from './board-rows.ts';
import type { Network, Times } from './lists.ts';
import { createNetwork } from './network.ts';
import { createCalendar } from './singapore-calendar.ts';

const calendar = createCalendar([]);
const sg = (text: string) => Date.parse(`${text}+08:00`);
const NOON = sg('2026-01-08T12:00');
const MIN = 60_000;

const rows = (network: Network | undefined, code: string, services: readonly LtaService[], now = NOON) =>
  boardRows({ network, code, services, age: 0, calendar, now });
const summary = ({ id, direction, destination, visit, status, buses }: BoardRow) =>
  `${id} | ${direction} ${destination.code} ${visit} ${status} ${buses.length}`;

describe('two directions at one stop', () => {
  const network = aNetwork([
    aRoute('136', 1, ['65009', '66271', '54009']),
    aRoute('136', 2, ['54009', '66271', '65009']),
  ]);
  const [to1, to2] = [{ destination: '54009' }, { destination: '65009' }];

  it('are two rows, told by their destinations, whether LTA lists them in two entries or in one', () => {
    const apart = rows(network, '66271', [
      aService('136', [aBus(NOON + 9 * MIN, to2)]),
      aService('136', [aBus(NOON + 5 * MIN, to1), aBus(NOON + 7 * MIN, to1)]),
    ]);
    const mixed = rows(network, '66271', [
      aService('136', [aBus(NOON + 5 * MIN, to1), aBus(NOON + 9 * MIN, to2), aBus(NOON + 7 * MIN, to1)]),
    ]);
    assert.deepEqual(apart.map(summary), ['136~1~1 | 1 54009 1 live 2', '136~2~1 | 2 65009 1 live 1']);
    assert.deepEqual(apart, mixed);
    assert.equal(apart[0]?.destination.name, 'Stop 54009');
  });

  it('have a row each where LTA tells of one alone', () => {
    assert.deepEqual(rows(network, '66271', [aService('136', [aBus(NOON, to1)])]).map(summary), [
      '136~1~1 | 1 54009 1 live 1',
      '136~2~1 | 2 65009 1 no_estimate 0',
    ]);
  });

  it('cannot be told of a bus without destination, which then is a row for both', () => {
    assert.deepEqual(rows(network, '66271', [aService('136', [aBus(NOON)])]).map(summary), [
      '136~0~1 | null null 1 live 1',
    ]);
    const one = rows(aNetwork([aRoute('136', 2, ['54009', '66271', '65009'])]), '66271', [
      aService('136', [aBus(NOON)]),
    ]);
    assert.deepEqual(one.map(summary), ['136~2~1 | 2 65009 1 live 1']);
  });

  it('keep apart what goes elsewhere than the lists say', () => {
    const short = aBus(NOON, { destination: '66666' });
    assert.deepEqual(rows(network, '66271', [aService('136', [short])]).map(summary), [
      '136~1~1 | 1 54009 1 no_estimate 0',
      '136~2~1 | 2 65009 1 no_estimate 0',
      '136~66666~1 | null 66666 1 live 1',
    ]);
    const one = rows(aNetwork([aRoute('136', 1, ['65009', '66271', '54009'])]), '66271', [
      aService('136', [short, aBus(NOON + MIN, to1)]),
    ]);
    assert.deepEqual(one.map(summary), ['136~1~1 | 1 54009 1 live 1', '136~66666~1 | 1 66666 1 live 1']);
  });

  it('merge an entry that comes twice, without its buses coming twice', () => {
    const twice = [
      aService('136', [aBus(NOON, to1), aBus(NOON + MIN, to1)]),
      aService('136', [aBus(NOON, to1), aBus(NOON + 2 * MIN, to1)]),
    ];
    const [row] = rows(network, '66271', twice);
    assert.deepEqual(
      row?.buses.map(({ minutes }) => minutes),
      [0, 1, 2],
    );
    const sameTime = rows(network, '66271', [aService('136', [aBus(NOON, to1), aBus(NOON, to1)])]);
    assert.equal(sameTime[0]?.buses.length, 2, 'two buses may come at once');
  });

  it('show three buses at most, the soonest', () => {
    const buses = [8, 2, 6, 4].map((n) => aBus(NOON + n * MIN, to1));
    const [row] = rows(network, '66271', [aService('136', buses.slice(0, 2)), aService('136', buses.slice(2))]);
    assert.deepEqual(
      row?.buses.map(({ minutes }) => minutes),
      [2, 4, 6],
    );
    const left = [40, 50, 60].map((n) => aBus(NOON - n * 1_000, to1));
    const [after] = rows(network, '66271', [aService('136', left), aService('136', buses.slice(0, 2))]);
    assert.deepEqual(
      after?.buses.map(({ minutes }) => minutes),
      [null, 2, 8],
      'those that have left make room',
    );
  });
});

describe('a loop', () => {
  const loop = aNetwork([aRoute('315', 1, ['66009', '66271', '66272', '66271', '66009'])]);
  const home = { destination: '66009', origin: '66009' };

  it('has a row for each visit', () => {
    const found = rows(loop, '66271', [aService('315', [aBus(NOON, home), aBus(NOON + MIN, { ...home, visit: 2 })])]);
    assert.deepEqual(found.map(summary), ['315~1~1 | 1 66009 1 live 1', '315~1~2 | 1 66009 2 live 1']);
  });

  it('says why nothing is told of the second visit while all three buses are on their first', () => {
    const three = [1, 2, 3].map((n) => aBus(NOON + n * MIN, home));
    const [, second] = rows(loop, '66271', [aService('315', three)], sg('2026-01-08T12:00'));
    assert.equal(second?.status, 'no_estimate');
    assert.match(second?.reason ?? '', /at most three buses .* first time/);
    const [, quiet] = rows(loop, '66271', []);
    assert.match(quiet?.reason ?? '', /^Between first bus/);
    for (const [time, reason] of [
      ['2026-01-08T05:20', 'The first bus is at 05:30'],
      ['2026-01-08T23:50', 'The last bus was at 23:45'],
    ] as const) {
      const early = aService('315', [aBus(sg(time) + MIN, home)]);
      const [, closed] = rows(loop, '66271', [early], sg(time));
      assert.deepEqual([closed?.status, closed?.reason], ['not_operating', reason]);
    }
  });

  it('is boarded where it begins, not where it ends', () => {
    assert.deepEqual(rows(loop, '66009', []).map(summary), ['315~1~1 | 1 66009 1 no_estimate 0']);
    assert.deepEqual(rows(loop, '66009', [aService('315', [aBus(NOON, home)])]).map(summary), [
      '315~1~1 | 1 66009 1 live 1',
    ]);
  });

  it('has no direction where both go to the same end, and takes no row for either', () => {
    const both = aNetwork([
      aRoute('84', 1, ['10001', '10002', '10003', '10001']),
      aRoute('84', 2, ['10001', '10003', '10002', '10001']),
    ]);
    const found = rows(both, '10002', [aService('84', [aBus(NOON, { destination: '10001' })])]);
    assert.deepEqual(found.map(summary), ['84~10001~1 | null 10001 1 live 1']);
    const byVisit = aNetwork([
      aRoute('84', 1, ['10001', '10002', '10003', '10001']),
      aRoute('84', 2, ['10001', '10003', '10002', '10004', '10002', '10001']),
    ]);
    const second = rows(byVisit, '10002', [aService('84', [aBus(NOON, { destination: '10001', visit: 2 })])]);
    assert.ok(second.map(summary).includes('84~2~2 | 2 10001 2 live 1'));
  });
});

describe('a service that LTA is silent about', () => {
  const hours: Times = { weekday: { first: '0530', last: '2345' }, saturday: { first: '0600', last: '2400' } };
  const network = aNetwork([aRoute('15', 1, ['77009', '83139', '77008'], hours)]);
  const why = (now: number, services: LtaService[] = []) => {
    const [row] = rows(network, '83139', services, now);
    return row && [row.status, row.reason, row.firstBus, row.lastBus];
  };

  it('has a row that says why', () => {
    assert.deepEqual(why(NOON), [
      'no_estimate',
      'Between first bus 05:30 and last bus 23:45, but LTA gives no estimate',
      '05:30',
      '23:45',
    ]);
    assert.deepEqual(why(sg('2026-01-08T05:00')), ['not_operating', 'The first bus is at 05:30', '05:30', '23:45']);
    assert.deepEqual(why(sg('2026-01-09T00:10')), ['not_operating', 'The last bus was at 23:45', '05:30', '23:45']);
    assert.deepEqual(why(sg('2026-01-11T00:10')), ['not_operating', 'The last bus was at 00:00', '06:00', '00:00']);
    assert.deepEqual(why(sg('2026-01-11T12:00')), [
      'not_operating',
      'It does not run on Sundays and public holidays',
      null,
      null,
    ]);
    assert.deepEqual(why(sg('2026-11-09T12:00')), [
      'not_operating',
      'It does not run on Sundays and public holidays (the day after Deepavali)',
      null,
      null,
    ]);
  });

  it('is told so too where LTA lists it without any bus, or with buses that are long gone', () => {
    assert.deepEqual(why(NOON, [aService('15', [])]), why(NOON));
    assert.deepEqual(why(NOON, [aService('15', [aBus(NOON - 91_000, { destination: '77008' })])]), why(NOON));
  });

  it('has a single bus where first and last are one', () => {
    const single = aNetwork([aRoute('15', 1, ['77009', '83139', '77008'], daily('1200', '1200'))]);
    assert.equal(rows(single, '83139', [])[0]?.reason, 'Its only bus is due at 12:00, but LTA gives no estimate');
  });

  it('says where it does not know the public holidays of that year', () => {
    assert.match(why(sg('2028-01-25T12:00'))?.[1] ?? '', /; the public holidays of 2028 are not known here$/);
    assert.doesNotMatch(why(sg('2028-01-30T12:00'))?.[1] ?? '', /not known/, 'a Sunday is one');
  });

  it('has no row at the last stop of its route, where nobody boards', () => {
    assert.deepEqual(rows(network, '77008', []), []);
    const told = rows(network, '77008', [aService('15', [aBus(NOON, { destination: '77008' })])]);
    assert.deepEqual(told.map(summary), ['15~1~1 | 1 77008 1 live 1'], 'unless LTA says otherwise');
  });
});

describe('what the lists do not have', () => {
  const network = aNetwork([aRoute('15', 1, ['77009', '83139', '77008'])], ['83138']);

  it('is shown as LTA tells it', () => {
    const found = rows(network, '83138', [
      aService('X9', [aBus(NOON, { destination: '99001' })], ''),
      aService('15', [aBus(NOON, { destination: '77008' })]),
      aService('16', []),
      aService('17', [aBus(NOON - 100_000, { destination: '77008' })]),
      aService('16', []),
    ]);
    assert.deepEqual(found.map(summary), [
      '15~1~1 | 1 77008 1 live 1',
      '16~0~1 | null null 1 unknown 0',
      '17~0~1 | null null 1 unknown 0',
      'X9~99001~1 | null 99001 1 live 1',
    ]);
    assert.match(found[1]?.reason ?? '', /does not have it at this stop/);
    assert.deepEqual([found[0]?.operator, found[3]?.operator, found[3]?.destination.name], ['SBST', null, null]);
  });

  it('is unknown where routes are not loaded', () => {
    const stopsAlone = createNetwork({ version: 'v', sources: {}, stops: network.stops, routes: [] });
    const [row] = rows(stopsAlone, '83139', [aService('15', [])]);
    assert.deepEqual(
      [row?.status, row?.reason],
      ['unknown', 'First and last bus are not known: the routes are not loaded'],
    );
    const odd = aNetwork([aRoute('15', 1, ['77009', '83139', '77008'], daily('soon', 'later'))]);
    assert.match(rows(odd, '83139', [])[0]?.reason ?? '', /no readable times/);
  });

  it('is not the case of a letter: a row is named as the lists write it', () => {
    const express = aNetwork([aRoute('10e', 1, ['77009', '83139', '77008'])]);
    const told = rows(express, '83139', [aService('10E', [aBus(NOON, { destination: '77008' })])]);
    assert.deepEqual(told.map(summary), ['10e~1~1 | 1 77008 1 live 1']);
  });
});

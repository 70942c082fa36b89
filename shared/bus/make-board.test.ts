import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LtaBus, LtaService, Reading } from '../lta/lta.ts';
import { aBus, aNetwork, aRoute, aService, daily } from '../testing/boards.ts';
import type { Board, BoardRow } from './board.ts';
import type { Network } from './lists.ts';
import { makeBoard, type Reply, replyOf } from './make-board.ts';
import { createCalendar } from './singapore-calendar.ts';

const calendar = createCalendar([]);
/** A Thursday at noon in Singapore. */
const NOON = Date.parse('2026-01-08T12:00:00+08:00');
const MIN = 60_000;
const STOP = '10002';

const LINES = aNetwork([
  aRoute('10', 1, ['10001', STOP, '10003']),
  aRoute('10', 2, ['10003', STOP, '10001'], daily('0600', '2400')),
  aRoute('2', 1, ['10001', STOP, '10004']),
]);

function board(
  services: readonly LtaService[],
  given: { network?: Network | undefined; now?: number; stop?: string; reply?: Partial<Reply> } = {},
): Board {
  const { now = NOON, stop = STOP } = given;
  const network = 'network' in given ? given.network : LINES;
  const reply: Reply = { services, source: 'live', fetchedAt: now, age: 0, upstream: { status: 'ok' }, ...given.reply };
  return makeBoard({ network, code: stop, reply, calendar, now });
}
const summary = ({ id, direction, destination, status }: BoardRow) =>
  `${id} ${direction} ${destination.code} ${status}`;

describe('what a board says of itself', () => {
  it('is the stop by the lists', () => {
    assert.deepEqual(board([]).stop, {
      code: STOP,
      name: 'Stop 10002',
      road: 'Some Rd',
      position: { lat: 1.35, lon: 103.85 },
    });
    assert.deepEqual(board([], { stop: '77777' }).stop, { code: '77777', name: null, road: null, position: null });
  });

  it('is where its knowledge comes from, and how old it is by the monotonic clock', () => {
    const reading: Reading = {
      snapshot: { stop: STOP, services: [], fetchedAt: NOON - 3_600_000, fetchedMono: 5_000 },
      source: 'stale',
      upstream: { status: 'failing', reason: 'bad_status', httpStatus: 502 },
    };
    const { meta } = makeBoard({ network: LINES, code: STOP, reply: replyOf(reading, 64_999), calendar, now: NOON });
    assert.deepEqual(meta, {
      source: 'stale',
      fetchedAt: '2026-01-08T03:00:00.000Z',
      age: 59,
      stale: true,
      upstream: { status: 'failing', reason: 'bad_status', httpStatus: 502 },
      now: '2026-01-08T04:00:00.000Z',
      lists: { version: 'v1', source: 'file', fetchedAt: '2026-04-01T08:33:31.000Z' },
    });
    assert.equal(board([], { reply: { source: 'cache' } }).meta.stale, false);
    assert.equal(board([], { reply: { age: -3 } }).meta.age, 0);
  });

  it('is that there are no lists, where there are none: the reply alone is told', () => {
    const bus = aBus(NOON + 3 * MIN, { destination: '10003' });
    const { stop, meta, services } = board([aService('10', [bus]), aService('2', [])], { network: undefined });
    assert.deepEqual(stop, { code: STOP, name: null, road: null, position: null });
    assert.deepEqual(meta.lists, { version: 'none', source: 'sample', fetchedAt: null });
    assert.deepEqual(services.map(summary), ['2~0~1 null null unknown', '10~10003~1 null 10003 live']);
    assert.match(services[0]?.reason ?? '', /routes are not loaded/);
  });
});

describe('a bus on a board', () => {
  const only = (bus: LtaBus, age = 0) => board([aService('2', [bus])], { reply: { age } }).services[0]?.buses[0];

  it('has everything that LTA tells', () => {
    const told = aBus(NOON + 229_000, {
      position: { lat: 1.3, lon: 103.9 },
      load: 'limited',
      wheelchair: false,
      deck: 'bendy',
    });
    assert.deepEqual(only(told, 12_900), {
      eta: '2026-01-08T04:03:49.000Z',
      minutes: 3,
      display: '3',
      state: 'due',
      monitored: true,
      load: 'limited',
      wheelchair: false,
      deck: 'bendy',
      position: { lat: 1.3, lon: 103.9, age: 12 },
    });
  });

  it('has null where LTA tells nothing', () => {
    assert.deepEqual(only(aBus(NOON, { monitored: false })), {
      eta: '2026-01-08T04:00:00.000Z',
      minutes: 0,
      display: 'Arr',
      state: 'arriving',
      monitored: false,
      load: null,
      wheelchair: null,
      deck: null,
      position: null,
    });
  });

  it('has left for a while without any minutes, and is gone then', () => {
    const shown = (ms: number) => {
      const bus = only(aBus(NOON - ms));
      return bus && [bus.state, bus.minutes, bus.display];
    };
    assert.deepEqual(shown(30_000), ['arriving', 0, 'Arr']);
    assert.deepEqual(shown(30_001), ['left', null, 'left just now']);
    assert.deepEqual(shown(60_000), ['left', null, 'left 1 min ago']);
    assert.deepEqual(shown(90_000), ['left', null, 'left 1 min ago']);
    assert.equal(shown(90_001), undefined);
  });

  it('counts down while the reply stays the same', () => {
    const services = [aService('2', [aBus(NOON + 3 * MIN)])];
    const minutes = [0, 1, 2, 3].map((n) => board(services, { now: NOON + n * MIN }).services[0]?.buses[0]?.minutes);
    assert.deepEqual(minutes, [3, 2, 1, 0]);
  });
});

describe('the status of a row with buses', () => {
  const row = (buses: LtaBus[], now = NOON) => board([aService('2', buses)], { now }).services[0];

  it('is that of the first bus that has not left', () => {
    const [live, timetable] = [aBus(NOON + MIN), aBus(NOON + 2 * MIN, { monitored: false })];
    assert.equal(row([live, timetable])?.status, 'live');
    assert.equal(row([{ ...live, eta: NOON + 3 * MIN }, timetable])?.status, 'scheduled');
    assert.equal(row([{ ...live, eta: NOON - 40_000 }, timetable])?.status, 'scheduled');
    assert.equal(row([{ ...timetable, eta: NOON - 40_000 }, live])?.status, 'live');
    assert.match(row([live])?.reason ?? '', /position/);
    assert.match(row([timetable])?.reason ?? '', /timetable/);
  });

  it('does not depend on the hour: data that is there is shown', () => {
    const night = Date.parse('2026-01-09T02:30:00+08:00');
    const found = row([aBus(night + MIN)], night);
    assert.deepEqual([found?.status, found?.firstBus, found?.lastBus], ['live', '05:30', '23:45']);
  });

  it('is that of a row without any where all have left, which are still shown', () => {
    const found = row([aBus(NOON - 40_000)]);
    assert.deepEqual([found?.status, found?.buses.length], ['no_estimate', 1]);
    const late = Date.parse('2026-01-08T23:46:10+08:00');
    const last = row([aBus(late - 40_000)], late);
    assert.deepEqual([last?.status, last?.reason], ['not_operating', 'The last bus was at 23:45']);
  });
});

describe('the order', () => {
  it('is natural by service, then by direction and visit, with the soonest bus first', () => {
    const late = aBus(NOON + 9 * MIN, { destination: '10003' });
    const soon = aBus(NOON + MIN, { destination: '10003' });
    const other = aBus(NOON + 5 * MIN, { destination: '10001' });
    const { services } = board([aService('10', [late, soon, other]), aService('2', [aBus(NOON)])]);
    assert.deepEqual(
      services.map(({ id }) => id),
      ['2~1~1', '10~1~1', '10~2~1'],
    );
    assert.deepEqual(
      services[1]?.buses.map(({ minutes }) => minutes),
      [1, 9],
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { adviseToLeave } from './advise.ts';
import type { BoardBus, BoardRow } from './board.ts';

/** Noon in Singapore. */
const NOON = Date.parse('2026-01-08T04:00:00Z');
const MIN = 60_000;

const bus = (inMs: number, monitored = true): BoardBus => ({
  eta: new Date(NOON + inMs).toISOString(),
  minutes: null,
  display: '',
  state: 'due',
  monitored,
  load: null,
  wheelchair: null,
  deck: null,
  position: null,
});
const row = (service: string, buses: BoardBus[], told: Partial<BoardRow> = {}): BoardRow => ({
  id: `${service}~1~1`,
  service,
  operator: null,
  direction: 1,
  destination: { code: '10001', name: 'Some Int' },
  visit: 1,
  status: buses.length > 0 ? 'live' : 'no_estimate',
  reason: 'Between first bus 05:30 and last bus 23:45, but LTA gives no estimate',
  firstBus: '05:30',
  lastBus: '23:45',
  buses,
  ...told,
});
const advise = (rows: BoardRow[], walk = 5, lead = 2, now = NOON) => adviseToLeave({ rows, walk, lead, now });
const afterMs = (time: string, now = NOON) => Date.parse(time) - now;

describe('while there is time', () => {
  it('says when to leave, for which bus, and when to ask again', () => {
    assert.deepEqual(advise([row('15', [bus(15 * MIN), bus(30 * MIN)])]), {
      decision: 'wait',
      leaveAt: '2026-01-08T04:08:00.000Z',
      bus: {
        row: '15~1~1',
        service: '15',
        destination: 'Some Int',
        eta: '2026-01-08T04:15:00.000Z',
        minutes: 15,
        monitored: true,
      },
      nextCheckAt: '2026-01-08T04:04:00.000Z',
      reason: 'Leave at 12:08 for bus 15, which comes at 12:15 by its position',
    });
  });

  it('takes the soonest of all rows that can be caught', () => {
    const rows = [row('15', [bus(4 * MIN), bus(20 * MIN)]), row('2', [bus(3 * MIN), bus(12 * MIN, false)])];
    const { bus: chosen, reason } = advise(rows);
    assert.deepEqual([chosen?.service, chosen?.minutes, chosen?.monitored], ['2', 12, false]);
    assert.match(reason, /by the timetable$/);
  });

  it('asks again at half the time that is left, after 20 s to 10 min, and never after the time to leave', () => {
    const next = (leftMs: number) => afterMs(advise([row('15', [bus(7 * MIN + leftMs)])]).nextCheckAt);
    assert.equal(next(60 * MIN), 10 * MIN);
    assert.equal(next(8 * MIN), 4 * MIN);
    assert.equal(next(30_000), 20_000);
    assert.equal(next(10_000), 10_000);
  });
});

describe('when the time has come', () => {
  it('says so from then until it is too late for the walk; the lead may be eaten', () => {
    const rows = [row('15', [bus(7 * MIN)])];
    const at = (ms: number) => advise(rows, 5, 2, NOON + ms).decision;
    assert.deepEqual(
      [at(-1), at(0), at(MIN), at(2 * MIN), at(2 * MIN + 1)],
      ['wait', 'leave_now', 'leave_now', 'leave_now', 'no_bus'],
    );
  });

  it('gives the bus and asks again soon', () => {
    const { decision, leaveAt, bus: chosen, nextCheckAt, reason } = advise([row('15', [bus(6 * MIN)])]);
    assert.deepEqual([decision, leaveAt, chosen?.minutes], ['leave_now', '2026-01-08T03:59:00.000Z', 6]);
    assert.equal(afterMs(nextCheckAt), 20_000);
    assert.equal(reason, 'Leave now: bus 15 comes at 12:06 by its position, and the walk takes 5 min');
  });
});

describe('without a bus', () => {
  it('says why, where one service was asked for', () => {
    const nothing = { decision: 'no_bus', leaveAt: null, bus: null } as const;
    assert.deepEqual(advise([row('15', [])]), {
      ...nothing,
      nextCheckAt: '2026-01-08T04:01:00.000Z',
      reason: 'No bus is told: Between first bus 05:30 and last bus 23:45, but LTA gives no estimate',
    });
    const { reason, ...missed } = advise([row('15', [bus(2 * MIN)]), row('2', [])]);
    assert.deepEqual(missed, { ...nothing, nextCheckAt: '2026-01-08T04:01:00.000Z' });
    assert.equal(reason, 'None of the buses that are told can be caught with a walk of 5 min');
    assert.equal(advise([]).reason, 'No bus is told');
  });

  it('asks again late where nothing runs', () => {
    const resting = row('15', [], { status: 'not_operating' });
    assert.equal(afterMs(advise([resting]).nextCheckAt), 10 * MIN);
    assert.equal(afterMs(advise([resting, row('2', [])]).nextCheckAt), MIN);
  });
});

it('whoever asks again when told, leaves in time for a bus that keeps its time, and is told once before it is too late', () => {
  const minutes = (most: number) => fc.integer({ min: 0, max: most });
  fc.assert(
    fc.property(minutes(120), minutes(60), fc.integer({ min: 0, max: 10_800_000 }), (walk, lead, aheadMs) => {
      const rows = [row('15', [bus(aheadMs)])];
      let now = NOON;
      let { decision, leaveAt, nextCheckAt } = advise(rows, walk, lead, now);
      for (let asked = 0; decision === 'wait'; asked++) {
        assert.ok(asked < 100);
        const next = Date.parse(nextCheckAt);
        assert.ok(next > now && next <= Date.parse(leaveAt ?? ''));
        now = next;
        ({ decision, leaveAt, nextCheckAt } = advise(rows, walk, lead, now));
      }
      assert.equal(decision, aheadMs >= walk * MIN ? 'leave_now' : 'no_bus');
      if (now > NOON) assert.equal(now, Date.parse(leaveAt ?? ''), 'to the moment');
    }),
  );
});

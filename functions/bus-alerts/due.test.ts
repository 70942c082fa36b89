import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { WaitingAlert } from '#shared/bus/alerts.ts';
import type { BoardRow } from '#shared/bus/board.ts';
import { dueAlert, isOver } from './due.ts';
import { aBoard, anAlert, aRow, at, MINUTE_MS, START } from './rig.ts';

const dueAt = (now: number, rows: BoardRow[], given: Partial<WaitingAlert> = {}) => {
  const { id, value } = anAlert(given);
  return dueAlert({ id, value, version: '1' }, aBoard('83139', rows), now);
};
/** For an alert of 5 minutes' walk and 2 minutes' lead. */
const leavingIn = (ms: number) => aRow(at(ms + 7 * MINUTE_MS));

describe('an alert', () => {
  it('is due a minute and a half before its time, which the next firing might miss', () => {
    assert.equal(dueAt(START, [leavingIn(90_001)]), undefined);
    const due = dueAt(START, [leavingIn(90_000)]);
    assert.equal(due?.leaveAt, START + 90_000);
    assert.ok(dueAt(START, [leavingIn(-30_000)]), 'also when its time has passed and the bus can be caught still');
  });

  it('is told with everything that the notification says, under the name of its asking', () => {
    const { event, alert } = dueAt(START, [leavingIn(60_000)]) ?? assert.fail('it is due');
    const { data, ...rest } = event;
    assert.deepEqual(rest, { id: `${alert.id}.${at(0)}`, source: '/bus-alerts', type: 'bus.leave', time: at(0) });
    assert.deepEqual(data, {
      ...alert.value,
      alert: alert.id,
      stopName: 'Stop 83139',
      destination: 'Pasir Ris Int',
      eta: at(8 * MINUTE_MS),
      leaveAt: at(MINUTE_MS),
      monitored: true,
    });
  });

  it('waits where no bus is told that can be caught, and goes on to the next one', () => {
    assert.equal(dueAt(START, []), undefined);
    assert.equal(dueAt(START, [aRow(at(0), { buses: [] })]), undefined);
    assert.equal(dueAt(START, [aRow(at(5 * MINUTE_MS - 1))]), undefined, 'it cannot be reached any more');
    const [soon] = aRow(at(4 * MINUTE_MS)).buses;
    const [next] = aRow(at(8 * MINUTE_MS)).buses;
    assert.ok(soon && next);
    assert.equal(dueAt(START, [aRow('', { buses: [soon, next] })])?.event.data.eta, at(8 * MINUTE_MS));
  });

  it('is about its own service and row', () => {
    const rows = [
      leavingIn(0),
      aRow(at(60 * MINUTE_MS), { id: '15~2~1' }),
      aRow(at(7 * MINUTE_MS), { service: '15A', id: '15A~1~1' }),
    ];
    assert.ok(dueAt(START, rows));
    assert.ok(dueAt(START, rows, { row: '15~1~1' }));
    assert.equal(dueAt(START, rows, { row: '15~2~1' }), undefined);
    assert.equal(dueAt(START, rows, { row: '15~77009~1' }), undefined);
    assert.equal(dueAt(START, rows, { service: '5' }), undefined);
    assert.ok(dueAt(START, rows, { service: '15a' }), 'in capitals or not');
  });

  it('is over when its time is', () => {
    const { value } = anAlert({ until: at(MINUTE_MS) });
    assert.equal(isOver(value, START + MINUTE_MS - 1), false);
    assert.equal(isOver(value, START + MINUTE_MS), true);
    assert.equal(isOver({ ...value, until: 'soon' }, START), true);
  });

  it('is told once, and never after the time that the last look before it knew, however the estimates drift', () => {
    const seconds = (least: number, most: number) => fc.integer({ min: least, max: most });
    fc.assert(
      fc.property(
        seconds(0, 3_000),
        fc.array(seconds(-40, 40), { minLength: 60, maxLength: 60 }),
        fc.array(seconds(0, 20), { minLength: 60, maxLength: 60 }),
        seconds(0, 20),
        (first, drifts, delays, walk) => {
          const told: { now: number; before: number | undefined; leaveAt: number }[] = [];
          let eta = START + first * 1_000 + (walk + 2) * MINUTE_MS;
          let before: number | undefined;
          for (const [minute, drift] of drifts.entries()) {
            // A firing starts a little late, and reading the board takes a moment.
            const now = START + minute * MINUTE_MS + (delays[minute] ?? 0) * 1_000;
            eta += drift * 1_000;
            const due = dueAt(now, [aRow(new Date(eta).toISOString())], { walk });
            if (due) {
              told.push({ now, before, leaveAt: due.leaveAt });
              break;
            }
            before = eta - (walk + 2) * MINUTE_MS;
            if (now > eta) break;
          }
          const [one] = told;
          if (one?.before !== undefined) assert.ok(one.now <= one.before, 'it is not late for what was known');
          if (one) assert.ok(one.leaveAt - one.now <= 90_000, 'nor much too early');
          // With such drifts, no bus is missed altogether that could be caught at the first look.
          assert.ok(one, 'it was told');
        },
      ),
    );
  });
});

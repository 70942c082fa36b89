import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ARRIVING_MS, countdown, SHOWN_MS } from './countdown.js';

const NOW = Date.parse('2026-01-08T04:00:00Z');
const at = (ms: number) => countdown(NOW + ms, NOW);

test('minutes are rounded down, as LTA asks', () => {
  assert.deepEqual(at(229_000), { state: 'due', minutes: 3, leftSeconds: null });
  assert.deepEqual(at(119_000), { state: 'due', minutes: 1, leftSeconds: null });
  assert.deepEqual(at(60_000), { state: 'due', minutes: 1, leftSeconds: null });
  assert.deepEqual(at(59_999), { state: 'arriving', minutes: 0, leftSeconds: null });
});

test('a bus arrives until half a minute after its time, has left for another minute, and is then gone', () => {
  assert.deepEqual(at(0), { state: 'arriving', minutes: 0, leftSeconds: null });
  assert.deepEqual(at(-ARRIVING_MS), { state: 'arriving', minutes: 0, leftSeconds: null });
  assert.deepEqual(at(-ARRIVING_MS - 1), { state: 'left', minutes: null, leftSeconds: 30 });
  assert.deepEqual(at(-SHOWN_MS), { state: 'left', minutes: null, leftSeconds: 90 });
  assert.deepEqual(at(-SHOWN_MS - 1), { state: 'gone', minutes: null, leftSeconds: null });
});

test('as time goes by, the state only moves on and minutes never rise nor fall below 0', () => {
  const order = ['due', 'arriving', 'left', 'gone'];
  const ms = fc.integer({ min: -300_000, max: 7_200_000 });
  fc.assert(
    fc.property(ms, fc.nat(600_000), (ahead, later) => {
      const [before, after] = [countdown(NOW + ahead, NOW), countdown(NOW + ahead, NOW + later)];
      assert.ok(order.indexOf(after.state) >= order.indexOf(before.state));
      assert.equal(before.minutes === null, before.state === 'left' || before.state === 'gone');
      if (before.minutes !== null) assert.ok(before.minutes >= 0 && before.minutes >= (after.minutes ?? 0));
    }),
  );
});

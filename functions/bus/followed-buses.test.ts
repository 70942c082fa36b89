import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { createFollowedBuses } from './followed-buses.ts';
import { aBus, aRow } from './rig.ts';

const NOON = Date.parse('2026-01-08T04:00:00Z');

function startFollowing() {
  const clock = createFakeClock(NOON);
  const followed = createFollowedBuses(clock);
  /** Minutes from noon. */
  const see = (minutes: readonly number[], id = '15~1~1', stop = '83139') =>
    followed.follow(
      stop,
      aRow('15', { id, buses: minutes.map((at) => aBus({ eta: new Date(NOON + at * 60_000).toISOString() })) }),
    );
  return { clock, see };
}

describe('the names of buses', () => {
  it('last while estimates move, and go with the bus that leaves', () => {
    const { see } = startFollowing();
    const [a, b, c] = see([3, 12, 25]);
    assert.equal(new Set([a, b, c]).size, 3);
    assert.deepEqual(see([2.5, 13, 24]), [a, b, c]);
    const [x, y, z] = see([12.5, 24, 36]);
    assert.deepEqual([x, y], [b, c]);
    assert.ok(z && ![a, b, c].includes(z));
    assert.deepEqual(see([24.5, 35.5]), [c, z]);
  });

  it('say which stop and row they are of', () => {
    const { see } = startFollowing();
    assert.match(see([3])[0] ?? '', /^83139-15-1-1-[0-9a-z]+$/);
    assert.notEqual(see([3], '15~1~2')[0], see([3])[0]);
    assert.notEqual(see([3], '15~1~1', '83131')[0], see([3])[0]);
  });

  it('are no longer known when all buses are others, or nobody has asked for a quarter of an hour', async () => {
    const { see, clock } = startFollowing();
    const [a] = see([3]);
    assert.notEqual(see([40])[0], a);
    const [b] = see([40]);
    assert.notEqual(a, b);
    await clock.advance(15 * 60_000 + 1);
    assert.equal(see([41]).includes(b ?? ''), false);
  });

  it('outlast an answer without buses', () => {
    const { see } = startFollowing();
    const [a] = see([3]);
    assert.deepEqual(see([]), []);
    assert.deepEqual(see([3.5]), [a]);
  });

  it('are never two buses of a row at once', () => {
    const minutes = fc
      .array(fc.integer({ min: -1, max: 60 }), { maxLength: 3 })
      .map((all) => all.sort((a, b) => a - b));
    fc.assert(
      fc.property(fc.array(minutes, { maxLength: 8 }), (boards) => {
        const { see } = startFollowing();
        for (const board of boards) {
          const names = see(board);
          assert.equal(names.length, board.length);
          assert.equal(new Set(names).size, names.length);
        }
      }),
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createBudget } from './budget.ts';

const MINUTE_MS = 60_000;

/** Takes until nothing is left, and tells how many there were. */
function takeAll({ take }: { take(): boolean }): number {
  let taken = 0;
  while (take()) taken++;
  return taken;
}

describe('the budget of calls', () => {
  it('gives a quarter of a minute’s calls at once, and the others one by one', async () => {
    const clock = createFakeClock();
    const budget = createBudget({ clock, callsPerMinute: 20 });
    assert.equal(budget.left(), 5);
    assert.equal(takeAll(budget), 5);
    assert.equal(budget.left(), 0);
    assert.equal(budget.waitMs(), 3_750);
    await clock.advance(3_749);
    assert.equal(budget.take(), false);
    assert.equal(budget.waitMs(), 1);
    await clock.advance(1);
    assert.equal(budget.left(), 1);
    assert.equal(budget.take(), true);
    assert.equal(budget.take(), false);
  });

  it('is full again after a rest, and never more than full', async () => {
    const clock = createFakeClock();
    const budget = createBudget({ clock, callsPerMinute: 20 });
    takeAll(budget);
    await clock.advance(24 * 60 * MINUTE_MS);
    assert.equal(budget.left(), 5);
    assert.equal(takeAll(budget), 5);
  });

  it('gives three quarters of its calls, and some, to who takes all the time', async () => {
    const clock = createFakeClock();
    const budget = createBudget({ clock, callsPerMinute: 240 });
    takeAll(budget);
    let taken = 0;
    for (let ms = 0; ms < 10 * MINUTE_MS; ms += 50) {
      await clock.advance(50);
      taken += takeAll(budget);
    }
    assert.equal(taken, 1_807);
  });

  it('allows one call a minute where the setting is 1, and no less where it makes no sense', async () => {
    for (const callsPerMinute of [1, 1.9, 0.3, 0, -5]) {
      const clock = createFakeClock();
      const budget = createBudget({ clock, callsPerMinute });
      assert.equal(budget.callsPerMinute, 1);
      assert.equal(takeAll(budget), 1);
      assert.equal(budget.waitMs(), MINUTE_MS);
      await clock.advance(MINUTE_MS);
      assert.equal(takeAll(budget), 1);
    }
  });

  it('sees no 60 seconds with more calls than it allows, whatever is taken when', async () => {
    const pause = fc.oneof(fc.nat(20), fc.nat(3_000), fc.nat(90_000));
    const steps = fc.array(fc.record({ pause, takes: fc.nat(80) }), { maxLength: 120, size: 'max' });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 240 }), steps, async (callsPerMinute, all) => {
        const clock = createFakeClock();
        const budget = createBudget({ clock, callsPerMinute });
        const taken: number[] = [];
        for (const { pause: ms, takes } of all) {
          await clock.advance(ms);
          for (let i = 0; i < takes; i++) {
            const before = { left: budget.left(), waitMs: budget.waitMs() };
            const got = budget.take();
            assert.equal(got, before.left > 0, 'left tells whether one can be taken');
            assert.equal(got, before.waitMs === 0, 'waitMs tells whether one can be taken');
            if (got) taken.push(clock.mono());
          }
        }
        // Any call and the one that is `callsPerMinute` later: if they are a minute apart, every window is within the limit.
        for (const [i, first] of taken.entries()) {
          const oneTooMany = taken[i + callsPerMinute];
          if (oneTooMany !== undefined) assert.ok(oneTooMany - first >= MINUTE_MS, `${oneTooMany} - ${first}`);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('can be taken from once the wait it names is over', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6_000 }), fc.nat(200_000), async (callsPerMinute, ms) => {
        const clock = createFakeClock();
        const budget = createBudget({ clock, callsPerMinute });
        await clock.advance(ms);
        takeAll(budget);
        await clock.advance(budget.waitMs());
        assert.equal(takeAll(budget), 1);
      }),
      { numRuns: 50 },
    );
  });
});

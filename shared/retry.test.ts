import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AppError } from './errors.ts';
import { systemIds } from './ids.ts';
import { backoffMs, retry } from './retry.ts';
import { createFakeClock } from './testing/fake-clock.ts';

const ids = { ...systemIds, random: () => 0.5 };
const busy = () => new AppError('unavailable', 'busy');

function setup(attempts = 4) {
  const clock = createFakeClock();
  return { clock, options: { clock, ids, attempts, baseMs: 100, maxMs: 300 } };
}

describe('retry', () => {
  it('returns the first success and counts attempts from 1', async () => {
    const { clock, options } = setup();
    const seen: number[] = [];
    const result = retry(async (attempt) => {
      seen.push(attempt);
      if (attempt < 3) throw busy();
      return 'done';
    }, options);
    await clock.advance(0);
    await clock.advance(50);
    await clock.advance(100);
    assert.equal(await result, 'done');
    assert.deepEqual(seen, [1, 2, 3]);
  });

  it('waits between attempts, ever longer up to the ceiling', async () => {
    const { clock, options } = setup(5);
    const startedAt: number[] = [];
    const result = retry(async () => {
      startedAt.push(clock.mono());
      throw busy();
    }, options);
    const rejected = assert.rejects(result, /busy/);
    await clock.advance(0);
    await clock.advance(10_000);
    await rejected;
    assert.deepEqual(startedAt, [0, 50, 150, 300, 450]);
  });

  it('throws the last error when the attempts are used up', async () => {
    const { clock, options } = setup(2);
    const result = retry(async (attempt) => {
      throw new AppError('unavailable', `attempt ${attempt}`);
    }, options);
    const rejected = assert.rejects(result, /attempt 2/);
    await clock.advance(0);
    await clock.advance(10_000);
    await rejected;
  });

  it('does not repeat what cannot help, by the error itself or by the given rule', async () => {
    const { options } = setup();
    let calls = 0;
    const failing = (error: Error) => async () => {
      calls++;
      throw error;
    };
    await assert.rejects(retry(failing(new AppError('invalid', 'never')), options), /never/);
    await assert.rejects(retry(failing(busy()), { ...options, when: () => false }), /busy/);
    assert.equal(calls, 2);
  });

  it('ends its wait when the signal aborts', async () => {
    const { clock, options } = setup();
    const abort = new AbortController();
    let calls = 0;
    const result = retry(
      async () => {
        calls++;
        throw busy();
      },
      { ...options, signal: abort.signal },
    );
    const rejected = assert.rejects(result, /shutting down/);
    await clock.advance(0);
    abort.abort(new Error('shutting down'));
    await rejected;
    assert.equal(calls, 1);
    assert.equal(clock.sleepers, 0);
  });
});

describe('backoffMs', () => {
  it('is never negative and always below the ceiling of its attempt', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000 }),
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 100_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, baseMs, maxMs, random) => {
          const wait = backoffMs(attempt, { baseMs, maxMs, ids: { ...ids, random: () => random } });
          assert.ok(wait >= 0 && wait < Math.min(maxMs, baseMs * 2 ** (attempt - 1)));
        },
      ),
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../errors.ts';
import { createSkippingClock } from '../../testing/skipping-clock.ts';
import { given } from '../contract-rig.ts';
import { type BackfillDriver, type Checkpoint, estimateOf, readCursor, runBackfill, START } from './backfill.ts';

const BACKFILL = { table: 't', key: ['id'], batch: 10 };

/** A table of rows by number, without a database. */
function driverOf(count: () => number, refuse: () => Error | undefined = () => undefined) {
  const kept: Checkpoint[] = [];
  let finished = 0;
  const driver: BackfillDriver = {
    async next(after, limit) {
      const from = Number(after?.[0] ?? 0);
      const rows = Math.min(limit, count() - from);
      return rows > 0 ? { rows, upto: [String(from + rows)] } : undefined;
    },
    count: async () => count(),
    async take(bounds, before, checkpoint) {
      const error = refuse();
      if (error) throw error;
      assert.deepEqual(bounds.after, before.cursor);
      kept.push(checkpoint(3));
      return 3;
    },
    finish: async () => void finished++,
  };
  return { driver, kept, finished: () => finished };
}

const lockTimeout = () => new AppError('unavailable', 'lock_timeout', { cause: { sqlstate: '55P03' } });

describe('a backfill', () => {
  it('takes a page again where a lock was in its way, and counts it once', async () => {
    const clock = createSkippingClock();
    const refusals = [lockTimeout(), lockTimeout(), undefined, lockTimeout()];
    const { driver, kept, finished } = driverOf(
      () => 25,
      () => refusals.shift(),
    );
    assert.equal(await runBackfill({ driver, backfill: BACKFILL, from: undefined, given: given(), clock }), undefined);
    assert.deepEqual(
      kept.map(({ cursor, pages, rows, written, rowsTotal }) => [cursor, pages, rows, written, rowsTotal]),
      [
        [['10'], 1, 10, 3, 25],
        [['20'], 2, 20, 6, 25],
        [['25'], 3, 25, 9, 25],
      ],
    );
    assert.equal(finished(), 1);
  });

  it('gives up on a lock in the end, and on anything else at once', async () => {
    for (const [error, tries] of [
      [lockTimeout(), 5],
      [new AppError('lease_lost', 'fenced'), 1],
      [new AppError('migration_failed', 'no such column'), 1],
    ] as const) {
      let tried = 0;
      const { driver, finished } = driverOf(
        () => 25,
        () => {
          tried++;
          return error;
        },
      );
      const work = runBackfill({
        driver,
        backfill: BACKFILL,
        from: undefined,
        given: given(),
        clock: createSkippingClock(),
      });
      await assert.rejects(work, error);
      assert.deepEqual([tried, finished()], [tries, 0]);
    }
  });

  it('comes to an end though rows are always put behind it', async () => {
    let count = 25;
    const { driver, kept, finished } = driverOf(() => count++);
    await runBackfill({ driver, backfill: BACKFILL, from: undefined, given: given(), clock: createSkippingClock() });
    assert.ok(kept.length < 40, `${kept.length} pages`);
    assert.equal(finished(), 1);
  });

  it('is estimated by its pace, or by how fast it was where that is slower', () => {
    const at = { ...START, rows: 100, ms: 1_000 };
    assert.deepEqual(estimateOf(1_000, { ...BACKFILL, rowsPerSecond: 500 }, undefined), {
      rows: 1_000,
      pages: 100,
      etaMs: 2_000,
    });
    assert.deepEqual(estimateOf(1_001, { ...BACKFILL, rowsPerSecond: 500 }, at), {
      rows: 1_001,
      pages: 101,
      etaMs: 10_010,
    });
    assert.deepEqual(estimateOf(0, BACKFILL, at), { rows: 0, pages: 0, etaMs: 0 });
  });

  it('takes no text for a checkpoint that is none', () => {
    assert.deepEqual(readCursor('["a","1"]', 2), ['a', '1']);
    for (const text of ['', 'null', '["a"]', '["a",1]', '{}', '["a","1"'])
      assert.equal(readCursor(text, 2), undefined, text);
  });
});

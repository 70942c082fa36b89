/** Runs that go on by message through the embedded queue, where each message comes twice and older ones come again after newer ones. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';
import { createMigrationRuns } from '#functions/migration-runs/handler.ts';
import { systemClock } from '#shared/clock.ts';
import { subscriptionsOf } from '#shared/define.ts';
import type { NewEvent } from '#shared/events/event.ts';
import { until } from '#shared/migrations/contract-rig.ts';
import { publishRun } from '#shared/migrations/run-events.ts';
import { hasEnded } from '#shared/migrations/run-records.ts';
import { openAt } from '#shared/migrations/sqlite-rig.ts';
import { DIALECTS, type Place } from './rig.ts';
import type { Runners } from './runners.ts';

const { place: start } = DIALECTS.find(({ kind }) => kind === 'sqlite') ?? assert.fail();
/** What is kept back to end in good order: nothing is left after one step. */
const BUDGET_MS = 15_000;
const STEPS = 6;
const FILES = Object.fromEntries(
  Array.from({ length: STEPS }, (_, n) => [
    `${n + 1}_hit.up.sql`,
    `${n === 0 ? 'CREATE TABLE hits (what int);\n' : ''}INSERT INTO hits VALUES (${n + 1});\n`,
  ]),
);

/** Its subscription, without the keys that keep its events apart and in order. */
async function consuming(
  place: Place,
  twice: boolean,
): Promise<{ opened: Runners; seqs: number[]; stop(): Promise<void> }> {
  const subscriptions = subscriptionsOf(MANIFEST);
  const before: NewEvent[] = [];
  const opened = await place.open({
    target: place.target(FILES),
    subscriptions,
    messages: (queue) => ({
      async publish(topic, event) {
        const isRun = topic === 'migration.run';
        if (isRun) before.unshift(event);
        // The one itself again, and two older ones behind it.
        const all = twice && isRun ? [event, ...before.slice(0, 3)] : [event];
        for (const [copy, one] of all.entries())
          await queue.publish(topic, { ...one, id: `${one.id}#${copy}#${before.length}` });
      },
    }),
  });
  const { runs, runner, queue } = opened;
  const seqs: number[] = [];
  const handle = createMigrationRuns({
    runs,
    runner: {
      run: async (id, options) => {
        seqs.push(options.seq ?? -1);
        return runner.run(id, { ...options, budgetMs: BUDGET_MS });
      },
    },
    rollouts: { advance: async () => assert.fail('it is part of no rollout') },
  });
  const spec = subscriptions.find(({ topic }) => topic === 'migration.run') ?? assert.fail();
  const consumer = queue.consume({ ...spec, concurrency: 4 }, handle);
  return {
    ...{ opened, seqs },
    async stop() {
      await consumer.stop(5_000);
      await opened[Symbol.asyncDispose]();
    },
  };
}

/** Its end, however many messages that takes. */
async function carriedOut({ runs, queue }: Runners, lockTimeoutMs: number) {
  const { id, record } = await runs.begin({ target: 'shop', command: { command: 'up' }, by: 'ann', lockTimeoutMs });
  await publishRun(queue, { id, ...record }, systemClock);
  let found = record;
  await until(async () => {
    found = (await runs.get(id)) ?? assert.fail();
    return hasEnded(found);
  }, 'the run ends');
  return found;
}

describe('a run whose time is over after each step', { concurrency: true }, () => {
  it('takes each step once, whatever is delivered twice or late', { timeout: 60_000 }, async () => {
    await using place = await start();
    const { opened, seqs, stop } = await consuming(place, true);
    try {
      const { state, done, seq = 0, error } = await carriedOut(opened, 30_000);
      assert.deepEqual([state, done], ['done', STEPS], error?.detail);
      assert.ok(seq >= STEPS - 1, `it went on ${seq} times`);
      assert.ok(seqs.length > seq + 1, `${seqs}`);
      assert.deepEqual(
        (await place.query('SELECT what FROM hits')).flat().map(Number),
        Array.from({ length: STEPS }, (_, n) => n + 1),
      );
      assert.equal((await place.query('SELECT * FROM hawker_migration_history')).length, STEPS);
    } finally {
      await stop();
    }
  });

  it('ends by itself where it never comes further', { timeout: 60_000 }, async () => {
    await using place = await start();
    const { opened, stop } = await consuming(place, false);
    try {
      // Somebody else has the lock all the time, and with this budget nobody waits for it.
      await using holder = await openAt(place.address.slice('sqlite3://'.length));
      assert.equal(await holder.tryLock(), true);
      const { state, seq, error } = await carriedOut(opened, 1_000_000);
      assert.deepEqual([state, seq, error?.code], ['failed', 100, 'migration_refused']);
    } finally {
      await stop();
    }
  });
});

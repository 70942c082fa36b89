/** Any order of accidents, deaths, deadlines and deliveries: each statement takes effect at most once, and the record tells the truth. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createFakeClock } from '../testing/fake-clock.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import type { Accident } from './memory-database.ts';
import { hasEnded } from './run-records.ts';
import { createRig, inTime, someFiles } from './runner-rig.ts';

guardAgainstLeaks();

interface Script {
  /** What happens in the next calls of `apply`; `death` ends the process there. */
  accidents: (Accident | 'death' | 'slow')[];
  apart: number[];
  /** Which message is delivered next, and whether it comes again. */
  picks: { index: number; again: boolean; twice: boolean; lost: boolean }[];
  steps: number | undefined;
}

const scripts: fc.Arbitrary<Script> = fc.record({
  accidents: fc.array(
    fc.constantFrom<Script['accidents'][number]>(
      ...(['none', 'none', 'lost', 'answer lost', 'half', 'busy', 'refused', 'death', 'slow', 'slow'] as const),
    ),
    { maxLength: 12 },
  ),
  apart: fc.subarray([1, 2, 3, 4, 5]),
  picks: fc.array(fc.record({ index: fc.nat(5), again: fc.boolean(), twice: fc.boolean(), lost: fc.boolean() }), {
    maxLength: 12,
  }),
  steps: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
});

async function play({ accidents, apart, picks, steps }: Script): Promise<void> {
  const rig = createRig(someFiles(5, apart));
  const { database, messages } = rig;
  const id = await rig.begin({ command: 'up', ...(steps !== undefined && { steps }) }, { lockTimeoutMs: 3_600_000 });
  messages.push({ run: id, seq: 0 });
  const script = [...accidents];
  const plans = [...picks];

  async function deliver(seq: number): Promise<boolean> {
    const clock = createFakeClock();
    const died = Promise.withResolvers<'died'>();
    const process = rig.process(clock, async () => {
      const next = script.shift() ?? 'none';
      if (next === 'slow') await clock.sleep(120_000);
      else if (next === 'death') {
        died.resolve('died');
        database.freeLock();
        await new Promise(() => {});
      } else database.accidents.unshift(next);
    });
    const signal = new AbortController().signal;
    const work = process.runner.run(id, { signal, seq, budgetMs: 300_000, isLast: false }).then(
      () => true,
      () => false,
    );
    return inTime(clock, Promise.race([work, died.promise.then(() => false)]));
  }

  for (let turn = 0; messages.length > 0; turn++) {
    assert.ok(turn < 300, 'it comes to an end');
    const { index, again, twice, lost } = plans.shift() ?? { index: 0, again: false, twice: false, lost: false };
    const [message] = messages.splice(index % messages.length, 1);
    assert.ok(message);
    rig.queueFails = lost;
    const acked = await Promise.all(Array.from({ length: twice ? 2 : 1 }, () => deliver(message.seq)));
    rig.queueFails = false;
    if (again || acked.includes(false)) messages.push(message);
  }

  const run = await rig.runs.get(id);
  assert.ok(run && hasEnded(run), `ended, not ${run?.state}`);
  const seen = database.effects.map(({ key, statement }) => `${key}.${statement}`);
  assert.equal(new Set(seen).size, seen.length, 'at most once');
  const ups = database.history.filter((row) => row.run === id && row.direction === 'up');
  assert.equal(run.done, ups.length);
  assert.deepEqual(run.to, { version: shownVersion(database.state.version), dirty: database.state.dirty });
  if (run.state === 'done') {
    assert.equal(ups.length, steps ?? 5);
    assert.equal(seen.length, 2 * (steps ?? 5));
  } else assert.equal(run.error?.code, 'migration_failed');
  const ids = rig.told.map((event) => `${event.id} ${event.type}`);
  for (let k = 1; k <= ups.length; k++) assert.ok(ids.includes(`${id}/${k} migration.step`), `step ${k} was told`);
}

function shownVersion(version: bigint | undefined): string | null {
  return version === undefined ? null : String(version);
}

describe('runs under accidents', () => {
  it('take effect at most once and end as the record tells', async () => {
    await fc.assert(fc.asyncProperty(scripts, play), { numRuns: 60 });
  });
});

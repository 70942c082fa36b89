/** What an embedded schedule fires as its process starts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Runtime } from '../define.ts';
import { AppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { createLeases } from '../lease/leases.ts';
import { createStoreRecords } from '../lease/store-records.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { runSchedule, startSchedule } from './embedded.ts';
import { effect, effects, newStore, scheduledRow } from './rig.ts';

interface Given {
  dueAtStart?: () => Promise<boolean>;
  begun?: string;
  overlap?: 'skip' | 'queue';
}

/** A schedule of every fifth minute that starts at 12:03:20.750, and the firings that it tells of. */
async function begin({ dueAtStart, begun, overlap = 'skip' }: Given) {
  const clock = createFakeClock(Date.parse('2026-01-01T12:03:20.750Z'));
  const log = createKeptLog();
  const told: string[] = [];
  const schedule = runSchedule({
    row: scheduledRow({ overlap }),
    firings: {
      isBegun: async (firing) => firing === begun,
      handle: async (firing) => {
        told.push(firing);
        return 'done';
      },
    },
    ...(dueAtStart && { dueAtStart }),
    clock,
    ids: systemIds,
    log,
  });
  await clock.advance(0);
  return { clock, log, told, schedule };
}

describe('as a process starts, an embedded schedule', () => {
  for (const overlap of ['skip', 'queue'] as const)
    it(`fires what the function says is due then, named by the second, and goes on as ever (${overlap})`, async () => {
      const { told, clock } = await begin({ dueAtStart: async () => true, overlap });
      assert.deepEqual(told, ['2026-01-01T12:03:20Z']);
      await clock.advance(120_000);
      assert.deepEqual(told, ['2026-01-01T12:03:20Z', '2026-01-01T12:05:00Z']);
    });

  it('fires nothing where nothing is due, or nobody says so', async () => {
    assert.deepEqual((await begin({ dueAtStart: async () => false })).told, []);
    assert.deepEqual((await begin({})).told, []);
  });

  it('takes up a firing that was cut off instead', async () => {
    const { told } = await begin({ dueAtStart: async () => true, begun: '2026-01-01T12:00:00Z' });
    assert.deepEqual(told, ['2026-01-01T12:00:00Z']);
  });

  it('warns where that cannot be told, and goes on', async () => {
    const dueAtStart = () => Promise.reject(new AppError('unavailable', 'The store does not answer'));
    const { told, clock, log } = await begin({ dueAtStart });
    assert.deepEqual(
      log.lines.map(({ severity, message }) => [severity, message]),
      [['WARNING', 'whether a firing is due at the start cannot be told']],
    );
    await clock.advance(120_000);
    assert.deepEqual(told, ['2026-01-01T12:05:00Z']);
  });

  it('fires nothing any more where it is stopped before that is told', async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const { told, schedule, clock } = await begin({ dueAtStart: () => promise });
    const stopped = schedule.stop(10_000);
    resolve(true);
    await stopped;
    await clock.advance(600_000);
    assert.deepEqual(told, []);
  });

  it('runs the function once, whose firing is a firing like any other', async () => {
    const clock = createFakeClock(Date.parse('2026-01-01T12:03:20.750Z'));
    const [log, store] = [createKeptLog(), newStore()];
    const records = createStoreRecords(store, 'memory');
    const leases = createLeases({ records, store, host: 'test', clock, ids: systemIds, log });
    const runtime = { store, clock, ids: systemIds, log, leases: async () => leases } as unknown as Runtime;
    const schedule = startSchedule(
      scheduledRow(),
      {
        kind: 'schedule',
        dueAtStart: async () => (await effects(store)).length === 0,
        run: async ({ id }) => [effect(id)],
      },
      runtime,
    );
    for (let turn = 0; turn < 20; turn++) await clock.advance(10);
    assert.deepEqual(await effects(store), ['2026-01-01T12:03:20Z']);
    await schedule.stop(0);
    await leases.close(0);
  });
});

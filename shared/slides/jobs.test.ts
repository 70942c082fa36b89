import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import type { JobRecord } from './job.ts';
import { createJobs } from './jobs.ts';

guardAgainstLeaks();

const record = {
  state: 'queued',
  writes: 0,
  images: [],
  kept: [],
  createdAt: '2026-01-01T00:00:00.000Z',
} as unknown as JobRecord;

describe("a job's record", () => {
  it('is made once, changed by many at a time, and says when', async () => {
    const clock = createFakeClock();
    const jobs = createJobs({ store: withShorthands(createMemoryDriver()), clock });
    assert.equal(await jobs.create('a', record), true);
    assert.equal(await jobs.create('a', { ...record, state: 'failed' }), false);
    await clock.advance(1_000);
    const more = (found: JobRecord) => ({ ...found, writes: found.writes + 1 });
    await Promise.all([jobs.update('a', more), jobs.update('a', more), jobs.update('a', more)]);
    const found = await jobs.get('a');
    assert.deepEqual([found?.state, found?.writes, found?.updatedAt], ['queued', 3, '2026-01-01T00:00:01.000Z']);
    assert.deepEqual((await jobs.update('a', () => undefined))?.writes, 3);
    assert.equal(await jobs.update('nobody', more), undefined);
    assert.deepEqual(await jobs.prepare('nobody', more), []);
  });

  it('is changed by a prepared write unless somebody was in between', async () => {
    const store = withShorthands(createMemoryDriver());
    const jobs = createJobs({ store, clock: createFakeClock() });
    await jobs.create('a', record);
    const writes = await jobs.prepare('a', (found) => ({ ...found, state: 'done' }));
    await jobs.update('a', (found) => ({ ...found, writes: 9 }));
    await assert.rejects(store.commit(writes), { code: 'conflict' });
  });
});

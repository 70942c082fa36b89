import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemClock } from '#shared/clock.ts';
import type { Runtime } from '#shared/define.ts';
import type { Event } from '#shared/events/event.ts';
import { createOutbox } from '#shared/events/outbox.ts';
import { OUTBOX } from '#shared/events/outbox-record.ts';
import { systemIds } from '#shared/ids.ts';
import { createLeases } from '#shared/lease/leases.ts';
import { createStoreRecords } from '#shared/lease/store-records.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { createRelay } from './handler.ts';

const event = (id: string) => ({ id, source: '/test', type: 't', time: '2026-01-01T00:00:00Z', data: null });

it('publishes under the lease of its firing what was committed before, and again what another run of it was cut off from', async (t) => {
  const store = withShorthands(createMemoryDriver());
  const log = createKeptLog();
  const common = { store, clock: systemClock, ids: systemIds, log };
  const leases = createLeases({ ...common, records: createStoreRecords(store, 'memory'), host: 'test' });
  t.after(() => leases.close(100));
  const published: Pick<Event, 'id'>[] = [];
  const queue = {
    publish: async (_topic: string, given: Pick<Event, 'id'>) => {
      published.push(given);
    },
  } as unknown as Runtime['queue'];
  const run = createRelay({ ...common, queue });
  const outbox = createOutbox(common);
  const fire = async (before?: () => Promise<void>) => {
    const held = await leases.lease('schedule.outbox-relay').acquire({ wait: 5_000 });
    await before?.();
    try {
      return await run({ id: '2026-01-01T00:00:00Z', held, signal: held.signal });
    } finally {
      await held.release();
    }
  };

  await outbox.commit([], [{ topic: 'news', orderingKey: 'k', event: event('e1') }]);
  assert.deepEqual(await fire(), []);
  assert.deepEqual(published, [event('e1')]);
  assert.ok(log.lines.some(({ message, published: count }) => message === 'the outbox was relayed' && count === 1));

  await outbox.commit([], [{ topic: 'news', orderingKey: 'k', event: event('e2') }]);
  const taken = () => leases.break('schedule.outbox-relay', 'a test', 'test');
  await assert.rejects(
    fire(async () => {
      await taken();
    }),
    /lease/,
  );
  assert.equal((await store.list(OUTBOX, { limit: 10 })).docs.length, 1, 'a relay without its lease deletes nothing');
  await fire();
  assert.deepEqual(new Set(published.map(({ id }) => id)), new Set(['e1', 'e2']));
  assert.equal((await store.list(OUTBOX, { limit: 10 })).docs.length, 0);
  const lines = log.lines.length;
  await fire();
  assert.ok(!log.lines.slice(lines).some(({ message }) => message === 'the outbox was relayed'));
});

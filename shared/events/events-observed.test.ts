/** What is measured of events that come again, and of the outbox. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { watchTelemetry } from '../testing/watched-telemetry.ts';
import { effect, event, LEASE_MS, process } from './inbox-rig.ts';
import { createOutbox } from './outbox.ts';
import { relayOutbox } from './outbox-relay.ts';
import { beginTerm, createRecordingQueue, outgoing } from './outbox-rig.ts';

const aStore = () => withShorthands(createMemoryDriver());

test('an event that comes again after it was done is counted at its consumer, one that is worked on is not', async () => {
  using telemetry = await watchTelemetry();
  const store = aStore();
  const inbox = process(store, 'clicks');
  const duplicates = () => telemetry.series('hawker.inbox.duplicates');
  await inbox.once(event(), LEASE_MS, async () => {
    await assert.rejects(process(store, 'clicks').once(event(), LEASE_MS, async () => []));
    return [effect('1')];
  });
  assert.deepEqual(duplicates(), {});
  await inbox.once(event(), LEASE_MS, async () => assert.fail('it is done'));
  await process(store, 'others').once(event(), LEASE_MS, async () => []);
  assert.deepEqual(duplicates(), { clicks: 1 });
});

test('events that are found done after a conflict are counted', async () => {
  using telemetry = await watchTelemetry();
  const store = aStore();
  const inbox = process(store, 'clicks');
  await store.commit(inbox.record([event('a'), event('b')]));
  assert.deepEqual(await inbox.done([event('a'), event('b'), event('c')]), [true, true, false]);
  assert.deepEqual(telemetry.series('hawker.inbox.duplicates'), { clicks: 2 });
});

test('a run of the relay is one step, and each event is counted by what became of it', async () => {
  using telemetry = await watchTelemetry();
  const store = aStore();
  const queue = createRecordingQueue();
  const common = { store, queue, log: createKeptLog(), clock: systemClock, ids: systemIds };
  const outbox = createOutbox(common);
  for (const id of ['good', 'later', 'never', 'also good']) await outbox.commit([], [outgoing(id)]);
  queue.before = ({ event: { id } }) => {
    if (id === 'later') throw new AppError('unavailable', 'not now');
    if (id === 'never') throw new AppError('invalid', 'not like this');
  };
  const { signal } = new AbortController();
  const line = await telemetry.invoke(async () => relayOutbox({ ...common, signal, held: await beginTerm(store) }));
  assert.deepEqual(telemetry.series('hawker.outbox.relayed'), { published: 2, held_back: 1, dead: 1 });
  assert.deepEqual([line['published'], line['dead'], line['heldBack']], [2, 1, 1]);
  assert.deepEqual(telemetry.span('outbox.relay').attributes, {});
});

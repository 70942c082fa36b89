/** The outbox among processes: relays that die between a publication and its deletion, or sleep through the end of their term, on the real drivers. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config.ts';
import { isAppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { arrivals, eventually, specs, within } from '../queue/contract-tools.ts';
import { retry } from '../retry.ts';
import { openRuntime } from '../runtime.ts';
import type { Write } from '../store/store.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import type { Event } from './event.ts';
import { createOutbox, type Outgoing } from './outbox.ts';
import { OUTBOX } from './outbox-record.ts';

guardAgainstLeaks();

const { FIRESTORE_EMULATOR_HOST, PUBSUB_EMULATOR_HOST } = process.env;
const MISSING =
  'needs the Firestore and Pub/Sub emulators; npm test starts them from the Google Cloud SDK (FIRESTORE_EMULATOR_HOST, PUBSUB_EMULATOR_HOST)';
const missing = !(FIRESTORE_EMULATOR_HOST && PUBSUB_EMULATOR_HOST);
if (missing && process.env['CI'] === 'true') throw new Error(MISSING);

async function survivesRelays(t: TestContext, settings: Record<string, string>): Promise<void> {
  const spec = specs()();
  const log = createKeptLog();
  const common = { clock: systemClock, ids: systemIds, log };
  const runtime = await openRuntime({ config: loadConfig(settings), subscriptions: [spec], ...common, prefix: '' });
  const children: ChildProcess[] = [];
  t.after(async () => {
    for (const child of children) await killed(child);
    await runtime.close(2_000);
  });
  const start = (signal: 'SIGKILL' | 'SIGSTOP' | '-', after: number) => {
    const program = new URL('./outbox-process.ts', import.meta.url);
    const args = [JSON.stringify(settings), JSON.stringify(spec), signal, String(after)];
    const process = fork(program, args, { stdio: 'inherit' });
    children.push(process);
    const told = arrivals<string>();
    process.on('message', (message) => told.add(String(message)));
    return { process, told };
  };

  const got = arrivals<Event>();
  runtime.queue.consume(spec, async (event) => got.add(event));
  const outbox = createOutbox({ store: runtime.store, ...common });
  const keys = ['a', 'b', undefined];
  const committed: Outgoing[] = [];
  /** A commit of three events, one for each key, and one more for the first. */
  const write = async (commits: number) => {
    for (let n = 0; n < commits; n++) {
      const events = [...keys, 'a'].map((key): Outgoing => {
        const event = { id: systemIds.unique(), source: '/test', type: 't', time: '2026-01-01T00:00:00Z', data: { n } };
        return { topic: spec.topic, event, ...(key && { orderingKey: key }) };
      });
      const change: Write = { op: 'create', collection: 'changes', id: systemIds.unique(), value: {} };
      // A busy machine's emulator may not answer in time.
      await retry(() => outbox.commit([change], events), {
        ...{ ...common, attempts: 5, baseMs: 100, maxMs: 1_000 },
        when: (error) => isAppError(error, 'unavailable'),
      });
      committed.push(...events);
    }
  };

  await write(15);
  for (const after of [1, 7, 20]) {
    const relay = start('SIGKILL', after);
    await Promise.all([write(5), within(once(relay.process, 'exit'), 'the end of a relay')]);
    assert.equal(relay.process.signalCode, 'SIGKILL');
  }
  const stale = start('SIGSTOP', 4);
  await within(stale.told.count(4), 'publications before the pause');
  const last = start('-', 0);
  await within(last.told.count(1), 'a publication of the next term');
  stale.process.kill('SIGCONT');
  // It may yet tell of what it had in hand when it fell asleep.
  await eventually(async () => stale.told.all.includes('lost') || undefined);
  await write(5);

  const first = () => [...new Map(got.all.map((event) => [event.id, event])).values()];
  await eventually(async () => first().length >= committed.length || undefined);
  await eventually(async () => (await runtime.store.list(OUTBOX, { limit: 1 })).docs.length === 0 || undefined);
  const idsOf = (events: readonly { id: string }[]) => events.map(({ id }) => id);
  for (const key of ['a', 'b'])
    assert.deepEqual(
      idsOf(first().filter(({ orderingKey }) => orderingKey === key)),
      idsOf(committed.filter(({ orderingKey }) => orderingKey === key).map(({ event }) => event)),
    );
  assert.deepEqual(idsOf(first()).sort(), idsOf(committed.map(({ event }) => event)).sort());
  for (const { id, source, data } of got.all) {
    const sent = committed.find(({ event }) => event.id === id)?.event;
    assert.deepEqual({ source, data }, { source: sent?.source, data: sent?.data });
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

test('relays that are killed and paused lose nothing and keep the order, on SQLite and the embedded queue', {
  timeout: 110_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-outbox-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await survivesRelays(t, { HAWKER_DATA: folder });
});

test('relays that are killed and paused lose nothing and keep the order, on Firestore and Pub/Sub', {
  skip: missing ? MISSING : false,
  timeout: 110_000,
}, async (t) => {
  await survivesRelays(t, {
    HAWKER_STORE: 'firestore',
    HAWKER_QUEUE: 'pubsub',
    GOOGLE_CLOUD_PROJECT: `outbox-${randomBytes(5).toString('hex')}`,
    FIRESTORE_EMULATOR_HOST: FIRESTORE_EMULATOR_HOST ?? '',
    PUBSUB_EMULATOR_HOST: PUBSUB_EMULATOR_HOST ?? '',
  });
});

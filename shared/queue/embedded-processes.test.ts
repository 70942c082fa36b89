/** The embedded queue among processes that share its file and die at any moment. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../clock.ts';
import type { Event } from '../events/event.ts';
import { systemIds } from '../ids.ts';
import { openDatabase } from '../sqlite/database.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { arrivals, newEvent, specs, within } from './contract-tools.ts';
import { openEmbeddedQueue } from './embedded.ts';
import type { SubscriptionSpec } from './queue.ts';

/** A file of its own, a queue on it in this process, and others in processes that end with the test. */
function begin(t: TestContext, given: Partial<SubscriptionSpec> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-queue-'));
  const path = join(folder, 'hawker.db');
  const spec = specs()(given);
  const database = openDatabase(path);
  const options = { database, subscriptions: [spec], clock: systemClock, ids: systemIds, log: createKeptLog() };
  const queue = openEmbeddedQueue({ ...options, timing: { backoffBaseMs: 10, backoffMaxMs: 50, pollMs: 20 } });
  const children: ChildProcess[] = [];
  t.after(async () => {
    for (const child of children) await kill(child);
    await queue.close(100);
    database.close();
    rmSync(folder, { recursive: true });
  });
  const child = (mode: 'publish' | 'handle' | 'hold') => {
    const program = new URL('./queue-process.ts', import.meta.url);
    const process = fork(program, [path, JSON.stringify(spec), mode], { stdio: 'inherit' });
    children.push(process);
    const told = arrivals<string>();
    process.on('message', (id) => told.add(String(id)));
    return { process, told };
  };
  return { spec, queue, child };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

test('what a process was told is published is there after it was killed', { timeout: 60_000 }, async (t) => {
  const { spec, queue, child } = begin(t);
  const publisher = child('publish');
  await within(publisher.told.count(500), 'publications');
  await kill(publisher.process);
  const told = [...publisher.told.all];
  const got = new Set<string>();
  const all = Promise.withResolvers<void>();
  queue.consume(spec, async ({ id }) => {
    got.add(id);
    if (told.every((each) => got.has(each))) all.resolve();
  });
  await within(all.promise, 'every published event');
});

test('what a killed process had in hand comes again elsewhere, as another attempt', { timeout: 60_000 }, async (t) => {
  const { spec, queue, child } = begin(t, { concurrency: 5, ackDeadlineMs: 500 });
  const events = Array.from({ length: 12 }, () => newEvent('risky'));
  await Promise.all(events.map((event) => queue.publish(spec.topic, event)));
  const holder = child('hold');
  await within(holder.told.count(6), 'the five in hand');
  await kill(holder.process);
  const held = new Set(holder.told.all);

  const got = arrivals<Event>();
  queue.consume(spec, async (event) => got.add(event));
  await within(got.count(12), 'all events');
  assert.deepEqual(got.all.map(({ id }) => id).sort(), events.map(({ id }) => id).sort());
  for (const { id, delivery } of got.all) if (held.has(id)) assert.ok((delivery.attempt ?? 0) > 1, 'a second attempt');
});

test('processes on one file notice each other and share the work without doing it twice', {
  timeout: 60_000,
}, async (t) => {
  const { spec, queue, child } = begin(t, { concurrency: 2 });
  const [one, two] = [child('handle'), child('handle')];
  await within(Promise.all([one.told.count(1), two.told.count(1)]), 'two processes');
  const events = Array.from({ length: 60 }, () => newEvent('shared'));
  for (const event of events) await queue.publish(spec.topic, event);
  const all = arrivals<string>();
  for (const { process, told } of [one, two]) {
    for (const id of told.all) all.add(id);
    process.on('message', (id) => all.add(String(id)));
  }
  await within(all.count(62), 'all events');
  const ids = all.all.filter((id) => id !== 'ready');
  assert.deepEqual(ids.sort(), events.map(({ id }) => id).sort());
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Event } from '../events/event.ts';
import { systemIds } from '../ids.ts';
import { type Database, openDatabase } from '../sqlite/database.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { arrivals, eventually, newEvent, type QueueUnderTest, specs, within } from './contract-tools.ts';
import { openEmbeddedQueue } from './embedded.ts';
import type { Timing } from './embedded-consumer.ts';
import { queueContract } from './queue.contract.ts';
import type { Queue } from './queue.ts';

function begin(t: TestContext): QueueUnderTest {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-queue-'));
  const log = createKeptLog();
  const ends: (() => Promise<void>)[] = [];
  t.after(async () => {
    for (const end of ends) await end();
    rmSync(folder, { recursive: true });
  });
  return {
    log,
    eventually,
    spec: specs(),
    async open(subscriptions) {
      const database = openDatabase(join(folder, 'hawker.db'));
      const timing = { backoffBaseMs: 10, backoffMaxMs: 50, pollMs: 20 };
      const queue = openEmbeddedQueue({ database, subscriptions, log, timing, clock: systemClock, ids: systemIds });
      ends.push(async () => {
        await queue.close(100);
        database.close();
      });
      return queue;
    },
  };
}

queueContract({ name: 'the embedded driver', begin });

test('publications of one turn share one transaction, and so do the claims and answers of one', async (t) => {
  const { database, open, spec } = oneFile(t);
  let transactions = 0;
  const counted: Database = {
    ...database,
    transaction: (work, wait) => {
      transactions++;
      return database.transaction(work, wait);
    },
  };
  const queue = open(counted);
  transactions = 0;
  await Promise.all(Array.from({ length: 200 }, () => queue.publish(spec.topic, newEvent('many'))));
  assert.equal(transactions, 1);

  const got = arrivals<Event>();
  const consumer = queue.consume(spec, async (event) => got.add(event));
  await within(got.count(200), 'all events');
  await consumer.stop(5_000);
  // 10 at a time: the first claim, 19 turns that answer ten and claim ten, the last answers.
  assert.equal(transactions, 1 + 21);
});

test("another connection's write holds up neither publishing nor consuming for long", async (t) => {
  const { database, open, spec } = oneFile(t);
  const queue = open(database, { pollMs: 20 });
  await queue.publish(spec.topic, newEvent('before'));
  const other = openDatabase(database.path);
  t.after(() => other.close());
  other.get('BEGIN IMMEDIATE');
  const got = arrivals<Event>();
  const consumer = queue.consume(spec, async (event) => got.add(event));
  const published = queue.publish(spec.topic, newEvent('meanwhile'));
  // Both have tried by then; each would give up only after seconds if it had to wait where it stands.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  other.get('COMMIT');
  await published;
  await within(got.count(2), 'both events');
  await consumer.stop(5_000);
});

test('a publication reaches the consumers of its own process without a poll', async (t) => {
  const { database, open, spec } = oneFile(t);
  const queue = open(database, { pollMs: 3_600_000 });
  const got = arrivals<Event>();
  queue.consume(spec, async (event) => got.add(event));
  await new Promise(setImmediate);
  await queue.publish(spec.topic, newEvent('quick'));
  await within(got.count(1), 'the event');
});

test('a full disk is told to whoever publishes; with room again all goes on', async (t) => {
  const { database, open, spec } = oneFile(t);
  const queue = open(database);
  const got = arrivals<Event>();
  queue.consume(spec, async (event) => got.add(event));
  const pages = database.get<{ page_count: number }>('PRAGMA page_count')?.page_count ?? 0;
  database.all(`PRAGMA max_page_count = ${pages}`);
  const big = newEvent('big', { data: 'x'.repeat(500_000) });
  await assert.rejects(queue.publish(spec.topic, big), (error) => isAppError(error, 'storage_full'));
  database.all('PRAGMA max_page_count = 1000000');
  await queue.publish(spec.topic, big);
  await within(got.count(1), 'the event');
});

test('a queue that has no room for an event is not ready, and is again by itself when it has', async (t) => {
  const { database, open, spec } = oneFile(t);
  let skipped = 0;
  const queue = open(database, {}, { ...systemClock, mono: () => systemClock.mono() + skipped });
  const isFull = (error: unknown) => isAppError(error, 'storage_full');
  await queue.check();
  const pagesNow = () => database.get<{ page_count: number }>('PRAGMA page_count')?.page_count ?? 0;
  database.all('VACUUM');
  database.all(`PRAGMA max_page_count = ${pagesNow()}`);
  await assert.rejects(queue.check(), isFull);
  database.all('PRAGMA max_page_count = 1000000');
  await queue.check();

  // Room for a small event is none for what is published.
  database.all(`PRAGMA max_page_count = ${pagesNow() + 4}`);
  await assert.rejects(queue.publish(spec.topic, newEvent('big', { data: 'x'.repeat(500_000) })), isFull);
  await assert.rejects(queue.check(), isFull);
  await queue.publish(spec.topic, newEvent('small'));
  await queue.check();

  await assert.rejects(queue.publish(spec.topic, newEvent('big', { data: 'x'.repeat(500_000) })), isFull);
  await assert.rejects(queue.check(), isFull);
  skipped = 15_000;
  await queue.check();
  assert.equal(
    database.get<{ n: number }>('SELECT count(*) AS n FROM queue_deliveries')?.n,
    1,
    'a check leaves nothing',
  );
});

test('a consumer tells once that the file cannot be used, and once that it can be again', async (t) => {
  const { database, open, spec } = oneFile(t);
  let full = false;
  const failing: Database = {
    ...database,
    transaction: (work, wait) => {
      if (full) throw new AppError('storage_full', 'no room');
      return database.transaction(work, wait);
    },
  };
  const log = createKeptLog();
  const queue = open(failing, { pollMs: 5 }, systemClock, log);
  const got = arrivals<Event>();
  const handled = Promise.withResolvers<void>();
  queue.consume(spec, async (event) => {
    got.add(event);
    await handled.promise;
  });
  await queue.publish(spec.topic, newEvent('one'));
  await within(got.count(1), 'the event');
  full = true;
  handled.resolve();
  const told = () => log.lines.filter(({ message }) => String(message).startsWith('the queue file'));
  await eventually(async () => (told().length > 0 ? true : undefined));
  full = false;
  await eventually(async () => (told().length > 1 ? true : undefined));
  await queue.publish(spec.topic, newEvent('two'));
  await within(got.count(2), 'the next event');
  assert.deepEqual(
    told().map(({ severity, message }) => [severity, message]),
    [
      ['ERROR', 'the queue file cannot be used; trying again'],
      ['INFO', 'the queue file can be used again'],
    ],
  );
});

test('an event published while the disk was full for a moment is not lost', async (t) => {
  const { database, open, spec } = oneFile(t);
  const queue = open(database);
  const pages = database.get<{ page_count: number }>('PRAGMA page_count')?.page_count ?? 0;
  database.all(`PRAGMA max_page_count = ${pages}`);
  const published = queue.publish(spec.topic, newEvent('big', { data: 'x'.repeat(500_000) }));
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  database.all('PRAGMA max_page_count = 1000000');
  await published;
  const closing = queue.publish(spec.topic, newEvent('last'));
  assert.equal(await queue.close(1_000), 0);
  await closing;
});

test('closing with a full disk says how many events were lost', async (t) => {
  const { database, open, spec } = oneFile(t);
  const queue = open(database);
  const pages = database.get<{ page_count: number }>('PRAGMA page_count')?.page_count ?? 0;
  database.all(`PRAGMA max_page_count = ${pages}`);
  const published = [1, 2, 3].map(() => queue.publish(spec.topic, newEvent('big', { data: 'x'.repeat(500_000) })));
  const settled = Promise.allSettled(published);
  assert.equal(await queue.close(200), 3);
  assert.ok((await settled).every(({ status }) => status === 'rejected'));
});

test('dead letters are redriven in short transactions, each once though it dies again at once', async (t) => {
  const { database, open, spec } = oneFile(t);
  const longest: number[] = [];
  const counted: Database = {
    ...database,
    transaction: (work, wait) => {
      const before = database.get<{ n: number }>('SELECT total_changes() AS n')?.n ?? 0;
      const result = database.transaction(work, wait);
      longest.push((database.get<{ n: number }>('SELECT total_changes() AS n')?.n ?? 0) - before);
      return result;
    },
  };
  const queue = open(counted);
  const insert = `INSERT INTO queue_dead_letters (subscription, published, event, key, attempts, reason, at)
    VALUES (?, 0, ?, NULL, 5, 'why', 0)`;
  const events = Array.from({ length: 450 }, () => newEvent('many'));
  database.transaction(() => {
    for (const event of events) database.run(insert, spec.name, JSON.stringify(event));
  });
  longest.length = 0;
  const bury = `INSERT INTO queue_dead_letters (subscription, published, event, key, attempts, reason, at)
    SELECT subscription, published, event, key, 5, 'again', 0 FROM queue_deliveries`;
  const redriven = queue.redrive(spec.name, { oldest: Number.POSITIVE_INFINITY });
  database.transaction(() => database.run(bury));
  const ids = await redriven;
  assert.equal(ids.length, 450);
  assert.equal(new Set(ids).size, 450);
  assert.ok(Math.max(...longest) <= 200, `${Math.max(...longest)} rows in one transaction`);
  const left = await queue.deadLetters(spec.name, { newest: 1_000 });
  assert.ok(left.length > 0 && left.every(({ reason }) => reason === 'again'));
  const got = arrivals<Event>();
  queue.consume(spec, async (event) => got.add(event));
  await within(got.count(450), 'all events');
  assert.deepEqual(
    got.all.map(({ id }) => id),
    events.map(({ id }) => id),
  );
});

/** One file, opened but with no queue on it yet. */
function oneFile(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-queue-'));
  const database = openDatabase(join(folder, 'hawker.db'));
  const spec = specs()();
  const queues: Queue[] = [];
  t.after(async () => {
    for (const queue of queues) await queue.close(100);
    database.close();
    rmSync(folder, { recursive: true });
  });
  const open = (on: Database, timing: Partial<Timing> = {}, clock = systemClock, log = createKeptLog()) => {
    const queue = openEmbeddedQueue({
      database: on,
      subscriptions: [spec],
      log,
      timing,
      clock,
      ids: systemIds,
    });
    queues.push(queue);
    return queue;
  };
  return { database, open, spec };
}

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config.ts';
import { systemIds } from '../ids.ts';
import { openDatabase } from '../sqlite/database.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { consume, newEvent, specs } from './contract-tools.ts';
import { openQueue } from './index.ts';

const common = { clock: systemClock, ids: systemIds, log: createKeptLog() };

test('without settings events go through the embedded file', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-queue-'));
  const database = openDatabase(join(folder, 'hawker.db'));
  const spec = specs()();
  const queue = await openQueue(loadConfig({}), { ...common, database: () => database, subscriptions: [spec] });
  t.after(async () => {
    await queue.close(100);
    database.close();
    rmSync(folder, { recursive: true });
  });
  const got = consume(queue, spec);
  await queue.publish(spec.topic, newEvent('local'));
  await got.count(1);
  await got.consumer.stop(1_000);
});

test('on Pub/Sub no file is opened', async () => {
  const config = loadConfig({ HAWKER_QUEUE: 'pubsub', GOOGLE_CLOUD_PROJECT: 'hawker-test' });
  const database = () => assert.fail('the file was opened');
  const queue = await openQueue(config, { ...common, database, subscriptions: [] });
  assert.equal(await queue.close(100), 0);
});

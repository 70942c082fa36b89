/** Functions that run in a cluster without being called: a schedule that a CronJob fires, and events that are fetched. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '#shared/clock.ts';
import { loadConfig } from '#shared/config.ts';
import { systemIds } from '#shared/ids.ts';
import { openQueue } from '#shared/queue/index.ts';
import { openDatabase } from '#shared/sqlite/database.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createSqliteDriver } from '#shared/store/sqlite.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { EMULATED, WITHOUT_EMULATORS } from '../support/emulated.ts';
import { runToEnd, startHawker, until } from '../support/hawker.ts';

const SCHEDULED = fileURLToPath(new URL('../support/scheduled-function.ts', import.meta.url));
const PULLING = fileURLToPath(new URL('../support/pulling-function.ts', import.meta.url));

/** Nobody is named who might call, and nobody has to be. */
const UNCALLED = { HAWKER_QUEUE: 'pubsub', GOOGLE_CLOUD_PROJECT: 'some-project' };

function folder(t: TestContext): string {
  const data = mkdtempSync(join(tmpdir(), 'hawker-'));
  t.after(() => rmSync(data, { recursive: true }));
  return data;
}

async function documents<T>(data: string, collection: string) {
  const database = openDatabase(join(data, 'hawker.db'));
  const { docs } = await withShorthands(createSqliteDriver(database, systemClock)).list<T>(collection, { limit: 10 });
  database.close();
  return docs;
}

describe('a schedule function with --fire', () => {
  const fire = (data: string, when: string) =>
    runToEnd({ script: SCHEDULED, data, env: UNCALLED, args: ['--fire', when] });

  it("fires at the minute that is in its Job's name, once however many pods the Job starts, and ends", async (t) => {
    const data = folder(t);
    for (const pod of [1, 2]) {
      const { code, stderr } = await fire(data, 'night-watch-29455200');
      assert.equal(code, 0, `pod ${pod}: ${stderr}`);
    }
    const visits = await documents(data, 'visits');
    assert.deepEqual(
      visits.map(({ id }) => id),
      ['2026-01-02T00:00:00Z'],
    );
    const [lease] = await documents<{ holder: string }>(data, 'leases');
    assert.equal(lease?.value.holder, '', 'it gives its lease back');
  });

  it('fires now for a Job that somebody made by hand, also where its name ends with a date', async (t) => {
    const data = folder(t);
    assert.equal((await fire(data, 'night-watch-20260102')).code, 0);
    const [visit] = await documents(data, 'visits');
    assert.doesNotMatch(visit?.id ?? '2008', /^2008/, 'the minutes that the date would be');
  });

  it('takes a time as well', async (t) => {
    const data = folder(t);
    assert.equal((await fire(data, '2026-01-01T08:00:00+08:00')).code, 0);
    assert.deepEqual(
      (await documents(data, 'visits')).map(({ id }) => id),
      ['2026-01-01T00:00:00Z'],
    );
  });

  it('is for schedule functions', async (t) => {
    const { code, stderr } = await runToEnd({
      ...{ script: PULLING, data: folder(t), env: UNCALLED, args: ['--fire', 'now'] },
    });
    assert.deepEqual([code, stderr.trim()], [1, 'hawker: listener is no schedule function: --fire is not for it']);
  });
});

describe('a message function with --pull', { skip: WITHOUT_EMULATORS }, () => {
  it('takes its events from Pub/Sub, and nobody can hand it one', async (t) => {
    const project = `e2e-${randomBytes(5).toString('hex')}`;
    const env = { ...UNCALLED, GOOGLE_CLOUD_PROJECT: project, PUBSUB_EMULATOR_HOST: EMULATED.pubsub };
    await using served = await startHawker({ script: PULLING, data: folder(t), env, args: ['--pull'] });
    const spec = { name: 'listener', topic: 'news', concurrency: 1, ackDeadlineMs: 10_000, maxAttempts: 5 };
    const queue = await openQueue(loadConfig(env), {
      ...{ clock: systemClock, ids: systemIds, log: createKeptLog(), subscriptions: [spec] },
      database: () => assert.fail('there is no file'),
    });
    t.after(() => queue.close(2_000));
    const event = { id: 'e1', source: '/test', type: 'news', time: '2026-01-01T00:00:00Z', data: {} };
    await queue.publish('news', event);
    await until(
      async () => served.output(),
      (output) => output.includes('heard e1'),
    );
    assert.equal((await served.ask('/', { method: 'POST', body: event })).status, 404);
    assert.equal(await served.stop(), 0, served.output());
  });
});

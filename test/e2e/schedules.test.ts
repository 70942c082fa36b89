/** Schedule functions as they are served: under `npm start`, alone, and called by Cloud Scheduler. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '#shared/clock.ts';
import { createOutbox } from '#shared/events/outbox.ts';
import { OUTBOX } from '#shared/events/outbox-record.ts';
import { systemIds } from '#shared/ids.ts';
import { firingId } from '#shared/schedule/timetable.ts';
import { openDatabase } from '#shared/sqlite/database.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createSqliteDriver } from '#shared/store/sqlite.ts';
import type { Store } from '#shared/store/store.ts';
import { runToEnd, startHawker, until } from '../support/hawker.ts';

const FUNCTION = fileURLToPath(new URL('../support/scheduled-function.ts', import.meta.url));

/** The emulator's variable lets everybody call; nobody ever connects to it. */
const CALLED = { HAWKER_QUEUE: 'pubsub', GOOGLE_CLOUD_PROJECT: 'some-project', PUBSUB_EMULATOR_HOST: '127.0.0.1:9' };

/** A data folder and its store, in which a process has died with each firing that may be the last one of this moment. */
async function begin(t: TestContext, name: string) {
  const data = mkdtempSync(join(tmpdir(), 'hawker-'));
  const database = openDatabase(join(data, 'hawker.db'));
  t.after(() => {
    database.close();
    rmSync(data, { recursive: true });
  });
  const store = withShorthands(createSqliteDriver(database, systemClock));
  const minute = 60_000 * Math.floor(Date.now() / 60_000);
  const ids = [firingId(minute), firingId(minute + 60_000)].map((firing) => `${name}|${firing}`);
  for (const id of ids) await store.create('schedule-firings', id, { state: 'begun', attempts: 1, at: '' });
  return { data, store, ids };
}

const ended = (store: Store, ids: string[]) => async () =>
  (await store.getMany<{ state: string }>('schedule-firings', ids)).map((doc) => doc?.value.state);

describe('a schedule function', () => {
  it('runs under npm start, which takes up what a process died with, and is named on the index page', async (t) => {
    const { data, store, ids } = await begin(t, 'outbox-relay');
    const event = { id: 'e1', source: '/test', type: 't', time: '2026-01-01T00:00:00Z', data: null };
    await createOutbox({ store, clock: systemClock, ids: systemIds }).commit([], [{ topic: 'news', event }]);
    await using hawker = await startHawker({ data, args: ['--only', 'outbox-relay'] });
    await until(ended(store, ids), (states) => states.includes('done'));
    assert.deepEqual((await store.list(OUTBOX, { limit: 1 })).docs, [], 'it is published');
    assert.match((await hawker.ask('/')).text, /outbox-relay.*\n.*Runs by itself at \* \* \* \* \* \(UTC\)/);
    assert.equal(await hawker.stop(), 0, hawker.output());
  });

  it('watches the clock itself where it is served alone on the embedded queue, and lets nobody call it', async (t) => {
    const { data, store, ids } = await begin(t, 'night-watch');
    await using served = await startHawker({ data, script: FUNCTION });
    await until(ended(store, ids), (states) => states.includes('done'));
    assert.ok((await store.list('visits', { limit: 10 })).docs.length > 0);
    const headers = { 'X-CloudScheduler-ScheduleTime': '2026-01-01T00:00:00Z' };
    assert.equal((await served.ask('/', { method: 'POST', headers })).status, 401);
    assert.equal(await served.stop(), 0, served.output());
  });

  it('tells its run on SIGTERM, and gives its lease back', async (t) => {
    const { data, store, ids } = await begin(t, 'night-watch');
    await using served = await startHawker({ data, script: FUNCTION, args: ['hold'] });
    const holder = async () => (await store.get<{ holder: string }>('leases', 'schedule.night-watch'))?.value.holder;
    assert.notEqual(await until(holder, Boolean), '');
    assert.equal(await served.stop(), 0, served.output());
    assert.equal(await holder(), '');
    assert.deepEqual(await ended(store, ids)(), ['begun', 'begun']);
    assert.match(served.output(), /left to others/);
  });

  it('tells a run that it was called for on SIGTERM at once, and asks to come again', async (t) => {
    const { data, store } = await begin(t, 'night-watch');
    await using served = await startHawker({ data, script: FUNCTION, args: ['hold'], env: CALLED });
    const headers = { 'X-CloudScheduler-ScheduleTime': '2026-01-01T00:00:00Z' };
    const answer = served.ask('/', { method: 'POST', headers });
    const holder = async () => (await store.get<{ holder: string }>('leases', 'schedule.night-watch'))?.value.holder;
    assert.notEqual(await until(holder, Boolean), '');
    assert.equal(await served.stop(), 0, served.output());
    assert.deepEqual([(await answer).status, await holder()], [503, '']);
    assert.match(served.output(), /The process is about to end/);
  });

  it('does not start on Pub/Sub where nothing says who may call it', async () => {
    const env = { HAWKER_QUEUE: 'pubsub', GOOGLE_CLOUD_PROJECT: 'some-project' };
    const { code, stderr } = await runToEnd({ script: FUNCTION, env, data: join(tmpdir(), 'hawker-never-made') });
    assert.equal(code, 1);
    assert.match(stderr, /HAWKER_PUSH_AUDIENCE and HAWKER_PUSH_EMAIL are needed by a message or schedule function/);
  });

  it('runs when it is called with a scheduled time, once for each', async (t) => {
    const data = mkdtempSync(join(tmpdir(), 'hawker-'));
    t.after(() => rmSync(data, { recursive: true }));
    await using served = await startHawker({ data, script: FUNCTION, env: CALLED });
    const call = (time?: string) =>
      served.ask('/', { method: 'POST', headers: time === undefined ? {} : { 'X-CloudScheduler-ScheduleTime': time } });
    for (const time of ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.5Z', '2026-01-01T08:00:00+08:00'])
      assert.equal((await call(time)).status, 204, served.output());
    assert.equal((await call()).status, 400);
    const database = openDatabase(join(data, 'hawker.db'));
    const { docs } = await withShorthands(createSqliteDriver(database, systemClock)).list('visits', { limit: 10 });
    database.close();
    assert.deepEqual(
      docs.map(({ id }) => id),
      ['2026-01-01T00:00:00Z'],
    );
  });
});

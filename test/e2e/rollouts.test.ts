/** Rollouts and the fleet's report over real SQLite files, with both functions on the embedded queue as `npm start` runs them. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';
import createMigrationRuns from '#functions/migration-runs/index.ts';
import createMigrations from '#functions/migrations/index.ts';
import { fleetAnswer, rolloutAnswer, rolloutPage, rolloutPlan } from '#functions/migrations/rollout-answers.ts';
import { systemClock } from '#shared/clock.ts';
import { loadConfig } from '#shared/config.ts';
import { subscriptionsOf } from '#shared/define.ts';
import { AppError } from '#shared/errors.ts';
import { systemIds } from '#shared/ids.ts';
import { openEmbeddedQueue } from '#shared/queue/embedded.ts';
import { openRuntime } from '#shared/runtime.ts';
import { openDatabase } from '#shared/sqlite/database.ts';
import type { Store } from '#shared/store/store.ts';
import { ADMIN_KEY, createAsk } from '#shared/testing/api-client.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { until } from '../support/hawker.ts';

guardAgainstLeaks();

const FILES = {
  '1_stalls.up.sql': 'CREATE TABLE stalls (id INTEGER PRIMARY KEY);',
  '2_dishes.up.sql': 'CREATE TABLE dishes (id INTEGER PRIMARY KEY, stall INTEGER);',
};
/** t0 and t1 are the canaries, t2 to t5 in the east, t6 to t9 in the west. */
const NAMES = Array.from({ length: 10 }, (_, n) => `t${n}`);
const WAVES = [{ labels: { stage: 'canary' } }, { region: 'east' }, {}];

interface Told {
  id: string;
  state: string;
  counts: Record<string, number>;
  waves: {
    targets: { target: string; run?: string; state: string; version?: string | null; error?: { code: string } }[];
  }[];
}

async function start(t: TestContext, given: { broken?: string[]; store?: (store: Store) => Store } = {}) {
  const data = mkdtempSync(join(tmpdir(), 'hawker-rollouts-'));
  const folder = join(data, 'files');
  mkdirSync(folder);
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  const targets = NAMES.map((name, n) => ({
    ...{ name, kind: 'sqlite', folder: 'files', address: { path: `${name}.db` } },
    labels: n < 2 ? { stage: 'canary' } : {},
    region: n < 6 ? 'east' : 'west',
  }));
  for (const name of given.broken ?? []) {
    // Its second migration finds the table there.
    const database = new DatabaseSync(join(data, `${name}.db`));
    database.exec('CREATE TABLE dishes (other TEXT)');
    database.close();
  }
  const file = join(data, 'targets.json');
  writeFileSync(file, JSON.stringify({ targets }));
  const config = loadConfig({ HAWKER_ADMIN_KEY: ADMIN_KEY, HAWKER_DATA: data, HAWKER_DATABASES: file });
  const [log, subscriptions] = [createKeptLog(), subscriptionsOf(MANIFEST)];
  const common = { clock: systemClock, ids: systemIds, log };
  const opened = await openRuntime({ ...common, config, subscriptions, prefix: '/migrations' });
  const database = openDatabase(join(data, 'hawker.db'));
  const timing = { backoffBaseMs: 1, backoffMaxMs: 5, pollMs: 5 };
  const queue = openEmbeddedQueue({ ...common, database, subscriptions, timing });
  const runtime = { ...opened, queue, store: given.store?.(opened.store) ?? opened.store };
  const [http, message] = [await createMigrations(runtime), await createMigrationRuns(runtime)];
  if (http.kind !== 'http' || message.kind !== 'message')
    throw new Error('migrations is http, migration-runs takes messages');
  const subscription = subscriptions.find(({ name }) => name === 'migration-runs');
  if (!subscription) throw new Error('migration-runs has a subscription');
  const consumer = queue.consume(subscription, message.handle);
  t.after(async () => {
    await consumer.stop(5_000);
    await queue.close(1_000);
    database.close();
    await opened.close(1_000);
    rmSync(data, { recursive: true, force: true });
  });
  const ask = createAsk((request) => http.fetch(request));
  const state = async (id: string): Promise<Told> => {
    const { body } = await ask(`GET /v1/rollouts/${id}`);
    assert.deepEqual(rolloutAnswer.parse(body), body);
    return body;
  };
  return {
    ...{ ask, data },
    async begin(body: object): Promise<string> {
      const { status, body: told, headers } = await ask('POST /v1/rollouts', { command: 'up', waves: WAVES, ...body });
      assert.equal(status, 202, JSON.stringify(told));
      assert.equal(headers.get('location'), `/migrations/v1/rollouts/${told.id}`);
      assert.deepEqual(rolloutAnswer.parse(told), told);
      return told.id;
    },
    ends: (id: string, how: RegExp = /done|failed|cancelled/) =>
      until(
        () => state(id),
        (told) => how.test(told.state),
      ),
    /** How many runs each target had. */
    runs: async () =>
      Promise.all(NAMES.map(async (name) => (await ask(`GET /v1/targets/${name}/runs`)).body.items.length as number)),
  };
}

const statesOf = ({ waves }: Told) => waves.map(({ targets }) => targets.map(({ state }) => state));
const times = <T>(count: number, what: T) => Array.from({ length: count }, () => what);

describe('a rollout through both functions', { timeout: 60_000 }, () => {
  it('says which target falls into which wave, and then takes all to the newest version, once each', async (t) => {
    const { ask, begin, ends, runs } = await start(t);
    const dry = await ask('POST /v1/rollouts', { command: 'up', waves: WAVES, dryRun: true });
    assert.equal(dry.status, 200);
    assert.deepEqual(rolloutPlan.parse(dry.body), dry.body);
    assert.deepEqual(
      dry.body.waves.map(({ targets }: { targets: string[] }) => targets.join(' ')),
      ['t0 t1', 't2 t3 t4 t5', 't6 t7 t8 t9'],
    );
    assert.deepEqual(await runs(), times(10, 0));
    const told = await ends(await begin({ parallel: 3 }));
    assert.deepEqual([told.state, told.counts], ['done', { pending: 0, underWay: 0, done: 10, failed: 0 }]);
    assert.ok(told.waves.every(({ targets }) => targets.every(({ version }) => version === '2')));
    assert.deepEqual(await runs(), times(10, 1));
    const { body } = await ask('GET /v1/rollouts');
    assert.deepEqual(rolloutPage.parse(body), body);
    assert.deepEqual([body.items.length, body.items[0].state], [1, 'done']);
    const fleet = (await ask('GET /v1/fleet?fingerprints=true')).body;
    assert.deepEqual(fleetAnswer.parse(fleet), fleet);
    assert.deepEqual([fleet.ok, fleet.versions.length, fleet.versions[0].equal], [true, 1, true]);
  });

  it('stops at the first failure and leaves later waves untouched', async (t) => {
    const { ask, begin, ends, runs } = await start(t, { broken: ['t3'] });
    const told = await ends(await begin({}));
    assert.equal(told.state, 'failed');
    assert.deepEqual(statesOf(told), [['done', 'done'], ['done', 'failed', 'pending', 'pending'], times(4, 'pending')]);
    assert.equal(told.waves[1]?.targets[1]?.error?.code, 'migration_failed');
    assert.deepEqual(await runs(), [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    const { body } = await ask('GET /v1/fleet');
    assert.deepEqual(
      body.versions.map(({ version, targets }: { version: string; targets: string[] }) => [version, targets.join(' ')]),
      [
        [null, 't4 t5 t6 t7 t8 t9'],
        ['1', 't3'],
        ['2', 't0 t1 t2'],
      ],
    );
  });

  it('goes on past one failure with a budget of one', async (t) => {
    const { begin, ends } = await start(t, { broken: ['t3'] });
    const told = await ends(await begin({ errorBudget: 1, parallel: 2 }));
    assert.deepEqual([told.state, told.counts], ['done', { pending: 0, underWay: 0, done: 9, failed: 1 }]);
  });

  it('goes on by the redelivered event where its process died between the end of a run and what follows', async (t) => {
    let died = 0;
    // The record can be read; each second write to it fails, as where the process is gone.
    const store = (real: Store): Store => ({
      ...real,
      replace: (collection, ...rest) =>
        collection === 'migration-rollouts' && died++ % 2 === 1
          ? Promise.reject(new AppError('unavailable', 'the process is gone'))
          : real.replace(collection, ...rest),
    });
    const { ask, ends, runs } = await start(t, { store });
    const request = { command: 'up', waves: WAVES };
    const key = { 'Idempotency-Key': 'k1' };
    assert.equal((await ask('POST /v1/rollouts', request, key)).status, 503);
    const { status, body } = await ask('POST /v1/rollouts', request, key);
    assert.equal(status, 202, JSON.stringify(body));
    const told = await ends(body.id);
    assert.deepEqual([told.state, told.counts['done']], ['done', 10]);
    assert.ok(died > 10);
    assert.deepEqual(await runs(), times(10, 1));
    assert.equal((await ask('GET /v1/rollouts')).body.items.length, 1);
  });

  it('waits before a wave until somebody approves it', async (t) => {
    const { ask, begin, ends, runs } = await start(t);
    const id = await begin({ waves: [WAVES[0], { approve: true }], parallel: 20 });
    const waiting = await ends(id, /waiting/);
    assert.equal((waiting as Told & { waitsBefore: number }).waitsBefore, 2);
    assert.deepEqual(await runs(), [1, 1, ...times(8, 0)]);
    const wrong = await ask(`POST /v1/rollouts/${id}/approve`, { wave: 1 });
    assert.deepEqual([wrong.status, wrong.body.code], [412, 'precondition_failed']);
    assert.equal((await ask(`POST /v1/rollouts/${id}/approve`, { wave: 2 })).status, 200);
    assert.equal((await ends(id)).counts['done'], 10);
  });

  it('is cancelled while it waits, with nothing more begun', async (t) => {
    const { ask, begin, ends, runs } = await start(t);
    const id = await begin({ waves: [WAVES[0], { approve: true }] });
    await ends(id, /waiting/);
    const { status, body } = await ask(`POST /v1/rollouts/${id}/cancel`);
    assert.deepEqual([status, body.state, body.cancelledBy], [200, 'cancelled', 'setting']);
    assert.equal((await ask(`POST /v1/rollouts/${id}/approve`, { wave: 2 })).status, 412);
    assert.deepEqual(await runs(), [1, 1, ...times(8, 0)]);
  });

  it('refuses what makes no sense, by its place', async (t) => {
    const { ask, runs } = await start(t);
    const REFUSED: [object, string][] = [
      [{ command: 'up', waves: [{}, { region: 'north' }] }, '/waves/1'],
      [{ command: 'up', waves: [{ targets: ['t0', 'nobody'] }] }, '/waves/0/targets/1'],
      [{ command: 'goto', waves: [{}] }, '/version'],
      [{ command: 'down', steps: 1, waves: [{}] }, '/command'],
      [{ command: 'up', waves: [] }, '/waves'],
      [{ command: 'up', waves: [{}], parallel: 21 }, '/parallel'],
    ];
    for (const [sent, pointer] of REFUSED) {
      const { status, body } = await ask('POST /v1/rollouts', sent);
      assert.deepEqual([status, body.errors?.[0]?.pointer], [422, pointer], JSON.stringify(body));
    }
    assert.equal((await ask('GET /v1/rollouts/nobody')).status, 404);
    const taken = await ask('POST /v1/rollouts', { command: 'up', waves: [{}, { region: 'east' }], dryRun: true });
    assert.equal(taken.body.waves[1].note, 'all its targets are in earlier waves');
    assert.deepEqual(await runs(), times(10, 0));
  });
});

/** The whole function over the sample target, an SQLite file, with the real runner where `migration-runs` would be. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '#shared/clock.ts';
import { loadConfig } from '#shared/config.ts';
import type { Runtime } from '#shared/define.ts';
import type { NewEvent } from '#shared/events/event.ts';
import { systemIds } from '#shared/ids.ts';
import { openLeases } from '#shared/lease/index.ts';
import { sessionsWith } from '#shared/migrations/index.ts';
import { readBundle } from '#shared/migrations/read-folder.ts';
import { createRuns } from '#shared/migrations/run-records.ts';
import { createRunner } from '#shared/migrations/runner.ts';
import { readTargets } from '#shared/migrations/targets.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import { ADMIN_KEY, createAsk } from '#shared/testing/api-client.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { historyAnswer, planAnswer, runAnswer, targetAnswer, targetPage } from './answers.ts';
import createMigrations from './index.ts';

guardAgainstLeaks();

const unused = (what: string) => () => Promise.reject(new Error(`migrations uses no ${what}`));

async function start(t: TestContext, prefix = '/migrations') {
  const data = await mkdtemp(join(tmpdir(), 'hawker-migrations-'));
  const config = loadConfig({ HAWKER_ADMIN_KEY: ADMIN_KEY, HAWKER_DATA: data });
  const store = withShorthands(createMemoryDriver());
  const common = { config, store, clock: systemClock, ids: systemIds, log: createKeptLog() };
  const leases = await openLeases(config, common);
  t.after(async () => {
    await leases.close(1_000);
    await rm(data, { recursive: true, force: true });
  });
  const asked: string[] = [];
  const queue = {
    publish: async (topic: string, { data: sent }: NewEvent) =>
      void (topic === 'migration.run' && asked.push((sent as { run: string }).run)),
  } as unknown as Runtime['queue'];
  const runtime: Runtime = {
    ...common,
    queue,
    leases: async () => leases,
    lta: unused('LTA'),
    blobs: unused('blobs'),
    google: unused('Google'),
    prefix,
  };
  const instance = await createMigrations(runtime);
  if (instance.kind !== 'http') throw new Error('migrations is an http function');
  const targets = () => readTargets(config);
  const runner = createRunner({
    ...runtime,
    openSession: sessionsWith(runtime),
    readBundle,
    targets,
    runs: createRuns(runtime),
  });
  const ask = createAsk((request) => instance.fetch(request));
  return {
    file: join(data, 'sample.db'),
    ask,
    /** Asks for a run, has it carried out, and tells how it is then. */
    async run(body: object) {
      const { status, body: queued } = await ask('POST /v1/targets/sample/runs', body);
      assert.deepEqual([status, asked], [202, [queued.id]], JSON.stringify(queued));
      await runner.run(asked.pop() ?? '', { signal: t.signal });
      const ended = (await ask(`GET /v1/runs/${queued.id}`)).body;
      assert.deepEqual(runAnswer.parse(ended), ended);
      return ended;
    },
  };
}

describe('the sample target', () => {
  it('goes up, back and where it is sent, as status, plan and history tell', async (t) => {
    const { ask, run, file } = await start(t);
    const status = async () => {
      const { body } = await ask('GET /v1/targets/sample');
      assert.deepEqual(targetAnswer.parse(body), body);
      return [body.version, body.dirty, body.pending];
    };
    const listed = (await ask('GET /v1/targets')).body;
    assert.deepEqual(targetPage.parse(listed), listed);
    assert.deepEqual([listed.items.length, listed.items[0].name, listed.items[0].pending], [1, 'sample', 4]);
    assert.deepEqual(await status(), [null, false, 4]);
    const plan = (await ask('GET /v1/targets/sample/plan?steps=2')).body;
    assert.deepEqual(planAnswer.parse(plan), plan);
    assert.deepEqual(
      plan.steps.map(({ file: name, to }: { file: string; to: string }) => [name, to]),
      [
        ['1_stalls.up.sql', '1'],
        ['2_dishes.up.sql', '2'],
      ],
    );
    assert.deepEqual(plan.steps[0].statements[0], {
      ...plan.steps[0].statements[0],
      ...{ line: 1, lock: 'database', tables: [{ name: 'stalls', created: true }], blocks: 'writes', rewrite: 'no' },
    });
    const first = await run({ command: 'up', steps: 1 });
    assert.deepEqual([first.state, first.changed, first.done, first.to.version], ['done', true, 1, '1']);
    assert.equal((await run({ command: 'up' })).to.version, '4');
    assert.deepEqual(await status(), ['4', false, 0]);
    assert.equal((await run({ command: 'up' })).changed, false);
    assert.equal((await run({ command: 'down', steps: 2 })).to.version, '2');
    assert.equal((await run({ command: 'goto', version: '3' })).to.version, '3');
    assert.equal((await run({ command: 'redo' })).to.version, '3');
    const history = (await ask('GET /v1/targets/sample/history?limit=3')).body;
    assert.deepEqual(historyAnswer.parse(history), history);
    assert.deepEqual(
      history.items.map(({ direction, version, by }: Record<string, string>) => [direction, version, by]),
      [
        ['up', '3', 'setting'],
        ['down', '3', 'setting'],
        ['up', '3', 'setting'],
      ],
    );
    const database = new DatabaseSync(file);
    assert.deepEqual(
      { ...database.prepare('select version, dirty from schema_migrations').get() },
      { version: 3, dirty: 0 },
    );
    database.close();
  });

  it('is forced to no version and to one of 19 digits, and tells what it cannot do from there', async (t) => {
    const { ask, run } = await start(t);
    const long = '1700000000123456789';
    assert.equal((await run({ command: 'force', version: long })).to.version, long);
    assert.equal((await ask('GET /v1/targets/sample')).body.version, long);
    const { status, body } = await ask('GET /v1/targets/sample/plan');
    assert.deepEqual([status, body.code], [409, 'migration_refused']);
    const refused = await run({ command: 'down', steps: 1 });
    assert.deepEqual([refused.state, refused.error.code], ['failed', 'migration_refused']);
    assert.equal((await run({ command: 'force', version: -1 })).to.version, null);
    assert.equal((await run({ command: 'baseline', version: 2 })).to.version, '2');
  });
});

describe('GET /', () => {
  for (const prefix of ['/migrations', ''])
    it(`says what can be asked below "${prefix}", without credentials and without data`, async (t) => {
      const { ask } = await start(t, prefix);
      const { status, body } = await ask('GET /', undefined, { Authorization: '' });
      assert.equal(status, 200);
      assert.ok(body.includes(`href="${prefix}/openapi.json"`) && body.includes('lockTimeoutMs'));
      assert.ok(!body.includes('sample'));
    });

  it('is the description of every route, with the example that a run takes', async (t) => {
    const { body } = await (await start(t)).ask('GET /openapi.json', undefined, { Authorization: '' });
    const lines = Object.entries(body.paths as Record<string, object>).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(lines.sort(), [
      'GET /v1/fleet',
      'GET /v1/rollouts',
      'GET /v1/rollouts/{rollout}',
      'GET /v1/runs/{run}',
      'GET /v1/targets',
      'GET /v1/targets/{name}',
      'GET /v1/targets/{name}/history',
      'GET /v1/targets/{name}/plan',
      'GET /v1/targets/{name}/runs',
      'GET /v1/targets/{name}/verify',
      'POST /v1/rollouts',
      'POST /v1/rollouts/{rollout}/approve',
      'POST /v1/rollouts/{rollout}/cancel',
      'POST /v1/runs/{run}/cancel',
      'POST /v1/runs/{run}/pause',
      'POST /v1/runs/{run}/resume',
      'POST /v1/targets/{name}/lint',
      'POST /v1/targets/{name}/rehearse',
      'POST /v1/targets/{name}/runs',
      'POST /v1/targets/{name}/unlock',
    ]);
    assert.equal(body.components.schemas.RunAsked.examples[0].command, 'up');
  });
});

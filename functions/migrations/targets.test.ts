import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '#shared/errors.ts';
import { historyAnswer, planAnswer, targetAnswer, targetPage } from './answers.ts';
import { aStatus, aStep, aTarget, createRig, LONG } from './testing.ts';

const aHolder = {
  session: '42',
  user: 'app',
  application: 'shop',
  client: '10.1.2.3',
  endBy: 'select pg_terminate_backend(42)',
};

const aLease = {
  ...{ name: 'migrate.shop', holder: 'pod-1', term: 3, token: 7, since: '2026-01-01T00:00:00Z', renewals: 0 },
  ...{ durationMs: 15_000, note: 'a run', why: 'pod-1 leads' },
};

describe('GET /v1/targets', () => {
  it('lists all in the order of their names, each with its version as a text', async () => {
    const state = { version: LONG, dirty: true };
    const rig = await createRig({ databases: { status: async () => aStatus({ state, pending: 3 }) } });
    const { status, body } = await rig.ask('GET /v1/targets');
    assert.equal(status, 200);
    assert.deepEqual(
      body.items.map(({ name }: { name: string }) => name),
      ['accounts', 'shop'],
    );
    const rest = { kind: 'postgres', labels: {}, table: 'schema_migrations' };
    assert.deepEqual(body.items[0], { name: 'accounts', ...rest, version: `${LONG}`, dirty: true, pending: 3 });
    assert.deepEqual(targetPage.parse(body), body);
  });

  it('says neither where a database is nor where its address is kept', async () => {
    const rig = await createRig();
    for (const line of ['GET /v1/targets', 'GET /v1/targets/shop'])
      assert.ok(!/secret/i.test(JSON.stringify((await rig.ask(line)).body)), line);
  });

  it('goes on page by page', async () => {
    const names = ['e', 'a', 'd', 'b', 'c'];
    const rig = await createRig({ databases: { targets: async () => names.map((name) => aTarget(name)) } });
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await rig.ask(`GET /v1/targets?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.items.map(({ name }: { name: string }) => name));
      cursor = body.nextCursor ?? '';
    } while (cursor && seen.length < 9);
    assert.deepEqual(seen, ['a', 'b', 'c', 'd', 'e']);
    for (const query of ['cursor=%21', 'limit=0', 'page=2'])
      assert.equal((await rig.ask(`GET /v1/targets?${query}`)).status, 422, query);
  });

  it('tells of the others where one does not answer, fails, or fails in a way that nobody has foreseen', async () => {
    const names = ['dead', 'fine', 'odd', 'slow'];
    const rig = await createRig({
      databases: {
        targets: async () => names.map((name) => aTarget(name)),
        status: (name) => {
          if (name === 'slow') return new Promise(() => undefined);
          if (name === 'dead') return Promise.reject(new AppError('unavailable', 'The database does not answer'));
          if (name === 'odd') return Promise.reject(new Error('postgres://root:hunter2@10.0.0.1/shop'));
          return Promise.resolve(aStatus({ state: { version: 1n, dirty: false }, pending: 0 }));
        },
      },
    });
    const asked = rig.ask('GET /v1/targets');
    // One of them is the request's own.
    while (rig.clock.sleepers < 2) await new Promise(setImmediate);
    await rig.clock.advance(20_000);
    const { status, body } = await asked;
    assert.equal(status, 200);
    assert.deepEqual(
      body.items.map(({ version, error }: { version?: string; error?: { code: string } }) => version ?? error?.code),
      ['unavailable', '1', 'internal', 'unavailable'],
    );
    assert.ok(!JSON.stringify(body).includes('hunter2'));
    assert.deepEqual(targetPage.parse(body), body);
  });
});

describe('GET /v1/targets/{name}', () => {
  it('tells the version, what is pending, where files differ, and who is at work without their addresses', async () => {
    const rig = await createRig({
      databases: {
        status: async () =>
          aStatus({
            lease: aLease,
            state: { version: LONG, dirty: false },
            pending: 1,
            drift: { edited: [{ version: 1n, name: 'one' }], missing: [{ version: LONG, name: 'gone' }], late: [] },
            holders: [aHolder],
          }),
      },
    });
    const { status, body } = await rig.ask('GET /v1/targets/shop');
    assert.equal(status, 200);
    assert.deepEqual([body.version, body.dirty, body.pending], [`${LONG}`, false, 1]);
    assert.deepEqual(body.drift, {
      edited: [{ version: '1', name: 'one' }],
      missing: [{ version: `${LONG}`, name: 'gone' }],
      late: [],
    });
    assert.deepEqual([body.holder.lease.token, body.holder.lease.note], [7, 'a run']);
    const { client: _, ...rest } = aHolder;
    assert.deepEqual(body.holder.database, [rest]);
    assert.deepEqual(targetAnswer.parse(body), body);
  });

  it('has null for no version, and no holder where nobody is at work', async () => {
    const { holder: _, ...free } = aLease;
    const rig = await createRig({ databases: { status: async () => aStatus({ lease: free }) } });
    const { body } = await rig.ask('GET /v1/targets/shop');
    assert.deepEqual([body.version, body.holder], [null, undefined]);
  });

  it('names the targets there are where it is none of them', async () => {
    const rig = await createRig();
    const lines = ['', '/plan', '/history', '/runs'].map((path) => `GET /v1/targets/shpo${path}`);
    for (const line of lines) {
      const { status, body } = await rig.ask(line);
      assert.deepEqual([status, body.code], [404, 'not_found'], line);
      assert.equal(body.detail, 'There is no target shpo; there are accounts, shop');
    }
    const posted = await rig.ask('POST /v1/targets/shpo/runs', { command: 'up' });
    assert.deepEqual([posted.status, posted.body.detail], [404, 'There is no target shpo; there are accounts, shop']);
    assert.equal((await rig.ask('GET /v1/targets/Shop')).status, 422);
    const none = await createRig({ databases: { targets: async () => [] } });
    assert.match((await none.ask('GET /v1/targets/shop')).body.detail, /there are none$/);
    const many = Array.from({ length: 23 }, (_, n) => aTarget(`t${n + 10}`));
    const crowd = await createRig({ databases: { targets: async () => many } });
    assert.match((await crowd.ask('GET /v1/targets/shop')).body.detail, /t10, .*, t29 and 3 more$/);
  });
});

describe('GET /v1/targets/{name}/plan', () => {
  it('is of up without more, and shows each step with its text', async () => {
    const asked: unknown[] = [];
    const steps = [aStep(LONG)];
    const rig = await createRig({
      databases: {
        plan: async (...given) => {
          asked.push(given);
          return { steps, short: 1 };
        },
      },
    });
    const { status, body } = await rig.ask('GET /v1/targets/shop/plan');
    assert.equal(status, 200);
    assert.deepEqual(asked, [['shop', { command: 'up' }, undefined, { samples: 0 }]]);
    assert.deepEqual(body, {
      command: 'up',
      steps: [
        {
          direction: 'up',
          version: `${LONG}`,
          name: 'one',
          from: null,
          to: `${LONG}`,
          file: `${LONG}_one.up.sql`,
          checksum: 'c'.repeat(64),
          transaction: true,
          sql: 'create table one (id int)',
        },
      ],
      short: 1,
    });
    assert.deepEqual(planAnswer.parse(body), body);
  });

  it('leaves texts out where they would be many', async () => {
    const [first] = [aStep(1n)];
    const up = { ...first?.migration.up, text: 'x'.repeat(150_000) } as never;
    const rig = await createRig({
      databases: { plan: async () => ({ steps: [aStep(1n, { up }), aStep(2n, { up }), aStep(3n)] }) },
    });
    const { body } = await rig.ask('GET /v1/targets/shop/plan');
    assert.deepEqual(
      body.steps.map(({ sql, file }: { sql?: string; file?: string }) => [sql !== undefined, file !== undefined]),
      [
        [true, true],
        [false, true],
        [true, true],
      ],
    );
  });

  it('takes the fields of its command from the query, and names those that are wrong', async () => {
    const asked: unknown[] = [];
    const rig = await createRig({
      databases: {
        plan: async (_name, command) => {
          asked.push(command);
          return { steps: [] };
        },
      },
    });
    for (const query of ['command=down&steps=2', `command=goto&version=${LONG}`, 'command=force&version=-1'])
      assert.equal((await rig.ask(`GET /v1/targets/shop/plan?${query}`)).status, 200, query);
    assert.deepEqual(asked, [
      { command: 'down', steps: 2 },
      { command: 'goto', version: LONG },
      { command: 'force', version: undefined },
    ]);
    const WRONG = { 'command=down': '?steps', 'steps=0': '?steps', 'steps=x': '?steps', 'command=drop': '?command' };
    for (const [query, pointer] of Object.entries({ ...WRONG, 'version=1': '?version', 'depth=1': '?depth' })) {
      const { status, body } = await rig.ask(`GET /v1/targets/shop/plan?${query}`);
      assert.deepEqual([status, body.errors?.[0].pointer], [422, pointer], query);
    }
  });

  it('passes on why the database is not where the command can begin', async () => {
    const plan = () => Promise.reject(new AppError('migration_dirty', 'Version 3 is dirty'));
    const { status, body } = await (await createRig({ databases: { plan } })).ask('GET /v1/targets/shop/plan');
    assert.deepEqual([status, body.code], [409, 'migration_dirty']);
  });
});

describe('GET /v1/targets/{name}/history', () => {
  it('tells what took effect, with versions as texts, and not the text of the way back', async () => {
    const row = {
      name: 'one',
      direction: 'up',
      at: '2026-01-01T00:00:00Z',
      ms: 3,
      run: 'r',
      by: 'me',
      token: 7,
      bundle: 'b',
    } as const;
    const limits: number[] = [];
    const history = async (_name: string, limit: number) => {
      limits.push(limit);
      return [
        { ...row, version: LONG, checksum: 'c', down: 'drop table one' },
        { ...row, version: 1n, ms: 0.133640001, checksum: undefined, down: undefined },
      ];
    };
    const rig = await createRig({ databases: { history } });
    const { status, body } = await rig.ask('GET /v1/targets/shop/history?limit=7');
    assert.deepEqual([status, limits], [200, [7]]);
    assert.deepEqual(body.items, [
      { ...row, version: `${LONG}`, checksum: 'c', canGoBack: true },
      { ...row, version: '1', ms: 0.1, canGoBack: false },
    ]);
    assert.deepEqual(historyAnswer.parse(body), body);
    assert.equal((await rig.ask('GET /v1/targets/shop/history?limit=501')).status, 422);
  });
});

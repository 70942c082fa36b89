import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '#shared/errors.ts';
import type { RunRecord } from '#shared/migrations/run.ts';
import { planAnswer, runAnswer, runPage } from './answers.ts';
import { EXAMPLE } from './example.ts';
import { createRig, LONG } from './testing.ts';

const RUNS = 'POST /v1/targets/shop/runs';

describe('POST /v1/targets/{name}/runs', () => {
  it('answers at once where to ask, and has it run by one event', async () => {
    for (const prefix of ['/migrations', '']) {
      const rig = await createRig({ prefix });
      const { status, body, headers } = await rig.ask(RUNS, EXAMPLE);
      assert.equal(status, 202);
      assert.equal(headers.get('Location'), `${prefix}/v1/runs/${body.id}`);
      assert.deepEqual(
        [body.target, body.command, body.steps, body.state, body.lockTimeoutMs, body.by, body.dryRun],
        ['shop', 'up', 1, 'queued', 15_000, 'setting', false],
      );
      assert.deepEqual(
        rig.published.map(({ topic, event: { source, type, data } }) => [topic, source, type, data]),
        [['migration.run', '/migrations', 'migration.run', { run: body.id, seq: 0 }]],
      );
      assert.deepEqual((await rig.ask(`GET /v1/runs/${body.id}`)).body, body);
      assert.deepEqual(runAnswer.parse(body), body);
    }
  });

  it('keeps all digits of a version, and refuses a number that may have lost some', async () => {
    const rig = await createRig();
    const { body } = await rig.ask(RUNS, { command: 'goto', version: `${LONG}` });
    assert.equal(body.version, `${LONG}`);
    assert.equal((await rig.runs.get(body.id))?.version, `${LONG}`);
    for (const [version, told] of [
      [20_260_101, '20260101'],
      ['0007', '7'],
      [0, '0'],
      ['18446744073709551615', '18446744073709551615'],
    ])
      assert.equal((await rig.ask(RUNS, { command: 'goto', version })).body.version, told);
    for (const number of [`${LONG}`, '9007199254740993', '1e21']) {
      const refused = await rig.ask(RUNS, `{"command":"goto","version":${number}}`);
      assert.deepEqual([refused.status, refused.body.errors[0].pointer], [422, '/version'], number);
      assert.match(refused.body.errors[0].detail, /must be a text, in quotation marks/);
    }
  });

  it('takes rebless of one version or of all', async () => {
    const rig = await createRig();
    for (const [asked, version] of [
      [{ version: '3' }, '3'],
      [{}, undefined],
    ] as const) {
      const { status, body } = await rig.ask(RUNS, { command: 'rebless', ...asked });
      assert.deepEqual([status, body.command, body.version], [202, 'rebless', version]);
      assert.deepEqual(runAnswer.parse(body), body);
    }
  });

  it('takes -1 for none from force alone', async () => {
    const rig = await createRig();
    for (const version of [-1, '-1']) {
      const forced = await rig.ask(RUNS, { command: 'force', version });
      assert.deepEqual([forced.status, forced.body.version], [202, null]);
      assert.deepEqual(runAnswer.parse(forced.body), forced.body);
    }
    for (const command of ['goto', 'baseline'])
      assert.equal((await rig.ask(RUNS, { command, version: -1 })).body.errors?.[0].pointer, '/version', command);
  });

  it('names each field that is missing, wrong or of another command', async () => {
    const rig = await createRig();
    const BODIES: [object, string[]][] = [
      [{}, ['/command']],
      [{ command: 'drop' }, ['/command']],
      [{ command: 'down' }, ['/steps']],
      [{ command: 'down', steps: 0 }, ['/steps']],
      [{ command: 'up', steps: 1.5 }, ['/steps']],
      [{ command: 'up', steps: '1' }, ['/steps']],
      [{ command: 'up', version: '1' }, ['/version']],
      [{ command: 'goto' }, ['/version']],
      [{ command: 'force' }, ['/version']],
      [{ command: 'baseline' }, ['/version']],
      [{ command: 'goto', steps: 1 }, ['/steps', '/version']],
      [{ command: 'force', version: '1', steps: 1 }, ['/steps']],
      [{ command: 'baseline', version: '1', steps: 1 }, ['/steps']],
      [{ command: 'redo', steps: 1 }, ['/steps']],
      [{ command: 'redo', version: 1 }, ['/version']],
      [{ command: 'rebless', steps: 1 }, ['/steps']],
      [{ command: 'rebless', version: -1 }, ['/version']],
      [{ command: 'goto', version: '' }, ['/version']],
      [{ command: 'goto', version: -2 }, ['/version']],
      [{ command: 'goto', version: 1.5 }, ['/version']],
      [{ command: 'goto', version: ' 1' }, ['/version']],
      [{ command: 'goto', version: '0x1' }, ['/version']],
      [{ command: 'goto', version: '18446744073709551616' }, ['/version']],
      [{ command: 'goto', version: true }, ['/version']],
      [{ command: 'up', lockTimeoutMs: 99 }, ['/lockTimeoutMs']],
      [{ command: 'up', lockTimeoutMs: 600_001 }, ['/lockTimeoutMs']],
      [{ command: 'up', dryRun: 'yes' }, ['/dryRun']],
      [{ command: 'up', target: 'shop' }, ['/target']],
    ];
    for (const [body, pointers] of BODIES) {
      const refused = await rig.ask(RUNS, body);
      const named = refused.body.errors?.map(({ pointer }: { pointer: string }) => pointer);
      assert.deepEqual([refused.status, named], [422, pointers], JSON.stringify(body));
    }
    assert.deepEqual([rig.published, (await rig.store.list('migration-runs', { limit: 9 })).docs], [[], []]);
    for (const lockTimeoutMs of [100, 600_000])
      assert.equal((await rig.ask(RUNS, { command: 'up', lockTimeoutMs })).body.lockTimeoutMs, lockTimeoutMs);
    // Whoever carries it out knows how long.
    const { body } = await rig.ask(RUNS, { command: 'up' });
    assert.deepEqual([body.lockTimeoutMs, runAnswer.parse(body)], [undefined, body]);
  });

  it('answers the plan to a dry run, and leaves no trace', async () => {
    const rig = await createRig();
    const { status, body } = await rig.ask(RUNS, { command: 'up', dryRun: true });
    assert.deepEqual([status, body.steps[0].version], [200, `${LONG}`]);
    assert.deepEqual(planAnswer.parse(body), body);
    assert.deepEqual([rig.published, (await rig.store.list('migration-runs', { limit: 9 })).docs], [[], []]);
  });

  it('tells what the policy only warns of, of a plan and of a run', async () => {
    const warnings = ['merged late, so never applied: 2 (do something)'];
    const rig = await createRig({ databases: { plan: async () => ({ steps: [], warnings }) } });
    const plan = (await rig.ask(RUNS, { command: 'up', dryRun: true })).body;
    assert.deepEqual([plan.warnings, planAnswer.parse(plan)], [warnings, plan]);
    const { id } = (await rig.ask(RUNS, { command: 'up' })).body;
    await rig.runs.update(id, (record) => ({ ...record, warnings }));
    const run = (await rig.ask(`GET /v1/runs/${id}`)).body;
    assert.deepEqual([run.warnings, runAnswer.parse(run)], [warnings, run]);
  });

  it('makes one run of the same request under one idempotency key, also after a crash, and two of two requests', async () => {
    const rig = await createRig();
    const ask = (body: object = EXAMPLE, target = 'shop') =>
      rig.ask(`POST /v1/targets/${target}/runs`, body, { 'Idempotency-Key': 'k' });
    const forget = async () => {
      for (const { id, version } of (await rig.store.list('idempotency', { limit: 9 })).docs)
        await rig.store.delete('idempotency', id, version);
    };
    const first = await ask();
    await forget();
    const again = await ask();
    assert.deepEqual([again.status, again.body], [202, first.body]);
    assert.deepEqual(
      new Set(rig.published.map(({ event }) => event.id)).size,
      1,
      'one event, however often it is told',
    );
    await rig.runs.update(first.body.id, (record) => ({ ...record, state: 'done', changed: true }));
    await forget();
    const late = await ask();
    assert.deepEqual(
      [late.status, late.body.state, rig.published.length],
      [202, 'done', 2],
      'what has ended does not begin again',
    );
    await forget();
    const other = await ask({ command: 'up', steps: 2 });
    await forget();
    const elsewhere = await ask(EXAMPLE, 'accounts');
    assert.equal(new Set([first, other, elsewhere].map(({ body }) => body.id)).size, 3);
  });

  it('is not done behind the back of a caller who was told that it could not be queued', async () => {
    const rig = await createRig();
    rig.trouble.publish = new Error('amqp://secret@queue');
    const { status, body } = await rig.ask(RUNS, EXAMPLE);
    assert.deepEqual([status, body.code], [503, 'unavailable']);
    const [failed] = (await rig.ask('GET /v1/targets/shop/runs')).body.items;
    assert.deepEqual([failed.state, failed.error.code, failed.endedAt !== undefined], ['failed', 'unavailable', true]);
    assert.ok(!JSON.stringify([body, failed]).includes('secret'));
  });

  it('goes on with it where the same request comes again under its key', async () => {
    const rig = await createRig();
    rig.trouble.publish = new AppError('storage_full', 'the queue is full');
    const key = { 'Idempotency-Key': 'k' };
    assert.equal((await rig.ask(RUNS, EXAMPLE, key)).status, 507);
    const [waiting] = (await rig.ask('GET /v1/targets/shop/runs')).body.items;
    assert.deepEqual([waiting.state, waiting.error.code], ['queued', 'unavailable']);
    delete rig.trouble.publish;
    const { status, body } = await rig.ask(RUNS, EXAMPLE, key);
    assert.deepEqual([status, body.id, body.error, rig.published.length], [202, waiting.id, undefined, 1]);
    assert.equal((await rig.runs.get(body.id))?.error, undefined);
  });
});

describe('GET /v1/runs/{id}', () => {
  const change = async (told: Partial<RunRecord>) => {
    const rig = await createRig();
    const { body } = await rig.ask(RUNS, EXAMPLE);
    await rig.runs.update(body.id, (record) => ({ ...record, ...told }));
    return (await rig.ask(`GET /v1/runs/${body.id}`)).body;
  };

  it('tells how far it is and what it waits for, without addresses', async () => {
    const holders = [{ session: '42', client: '10.1.2.3', query: 'vacuum' }];
    const since = '2026-01-01T00:00:00Z';
    const body = await change({
      state: 'waiting',
      waitingFor: { what: 'lock', holders, since },
      progress: [{ version: `${LONG}`, name: 'one', direction: 'up', statement: 1, statements: 3 }],
    });
    assert.deepEqual(body.waitingFor, { what: 'lock', holders: [{ session: '42', query: 'vacuum' }], since });
    assert.deepEqual(runAnswer.parse(body), body);
  });

  it('tells the error of what failed, and none of what came through after all', async () => {
    const error = { code: 'migration_failed', detail: 'syntax error', file: '1_a.up.sql', statement: 2, line: 7 };
    assert.deepEqual((await change({ state: 'failed', error })).error, error);
    assert.equal((await change({ state: 'done', changed: true, error })).error, undefined);
  });

  it('answers 404 where there is none, and 422 to what is no id', async () => {
    const rig = await createRig();
    for (const line of ['GET /v1/runs/nothing', 'POST /v1/runs/nothing/cancel'])
      assert.deepEqual((await rig.ask(line)).status, 404, line);
    assert.equal((await rig.ask('GET /v1/runs/of%7Cshop')).status, 422);
  });
});

describe('POST /v1/runs/{id}/cancel', () => {
  it('ends at once what nobody has begun, asks what is under way, and leaves what has ended as it is', async () => {
    const rig = await createRig();
    const { body: run } = await rig.ask(RUNS, EXAMPLE);
    const cancel = () => rig.ask(`POST /v1/runs/${run.id}/cancel`);
    await rig.runs.update(run.id, (record) => ({ ...record, state: 'running' }));
    for (let n = 0; n < 2; n++) {
      const { status, body } = await cancel();
      assert.deepEqual([status, body.state, body.cancelRequested], [200, 'running', true]);
    }
    await rig.runs.update(run.id, (record) => ({ ...record, state: 'done', changed: true }));
    assert.deepEqual((await cancel()).body.state, 'done');
    const { body: next } = await rig.ask(RUNS, EXAMPLE);
    const cancelled = (await rig.ask(`POST /v1/runs/${next.id}/cancel`)).body;
    assert.deepEqual([cancelled.state, cancelled.endedAt !== undefined], ['cancelled', true]);
    assert.deepEqual(runAnswer.parse(cancelled), cancelled);
  });
});

describe('GET /v1/targets/{name}/runs', () => {
  it('lists those of this target, the newest first, page by page', async () => {
    const rig = await createRig();
    const begun: string[] = [];
    for (const target of ['shop', 'accounts', 'shop', 'shop']) {
      const { body } = await rig.ask(`POST /v1/targets/${target}/runs`, EXAMPLE);
      if (target === 'shop') begun.unshift(body.id);
      await rig.clock.advance(1_000);
    }
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await rig.ask(`GET /v1/targets/shop/runs?limit=2${cursor && `&cursor=${cursor}`}`);
      assert.deepEqual(runPage.parse(body), body);
      seen.push(...body.items.map(({ id }: { id: string }) => id));
      cursor = body.nextCursor ?? '';
    } while (cursor && seen.length < 9);
    assert.deepEqual(seen, begun);
    assert.equal((await rig.ask('GET /v1/targets/shop/runs?cursor=%21')).status, 422);
  });
});

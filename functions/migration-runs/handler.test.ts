import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '#shared/errors.ts';
import type { Event } from '#shared/events/event.ts';
import type { RolloutRecord } from '#shared/migrations/rollout/rollout.ts';
import { createRig, inTime } from '#shared/migrations/runner-rig.ts';
import { beginDelivery } from '#shared/telemetry/delivery.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { createMigrationRuns, DELIVERIES } from './handler.ts';

function createHandler() {
  const rig = createRig();
  const { runner, log } = rig.process();
  const advanced: string[] = [];
  const trouble: { advance?: Error } = {};
  const rollouts = {
    async advance(id: string) {
      if (trouble.advance) throw trouble.advance;
      advanced.push(id);
      return {} as RolloutRecord;
    },
  };
  const handle = createMigrationRuns({ runs: rig.runs, runner, rollouts });
  const deliver = (data: unknown, attempt = 1) => {
    const rest = { type: 'migration.run', time: '2026-01-01T00:00:00Z', attributes: {}, delivery: { attempt } };
    const event: Event = { id: 'e1', source: '/somebody', data, ...rest };
    return inTime(rig.clock, handle(event, { signal: new AbortController().signal }));
  };
  return { ...rig, deliver, advanced, trouble, log };
}

describe('an event of migration.run', () => {
  it('carries out the run it names, once', async () => {
    const { deliver, begin, runs, database } = createHandler();
    const id = await begin({ command: 'up', steps: 2 });
    await deliver({ run: id, seq: 0 });
    await deliver({ run: id, seq: 0 });
    assert.equal((await runs.get(id))?.state, 'done');
    assert.equal(database.effects.length, 4);
  });

  it('makes a run of its own where it says what to do, the same for every delivery', async () => {
    const { deliver, runs, database } = createHandler();
    await deliver({ target: 'shop', command: 'up', steps: 1 });
    await deliver({ target: 'shop', command: 'up', steps: 1 });
    const { items } = await runs.list('shop', { limit: 10 });
    assert.deepEqual(
      items.map(({ record }) => [record.state, record.by]),
      [['done', 'event /somebody e1']],
    );
    assert.equal(database.effects.length, 2);
  });

  it('comes again where that may help, and fails the run at the last delivery', async () => {
    const { deliver, begin, runs, database } = createHandler();
    const id = await begin({ command: 'up' });
    database.accidents = ['lost', 'lost'];
    await assert.rejects(deliver({ run: id }), { code: 'unavailable' });
    assert.deepEqual([(await runs.get(id))?.state, (await runs.get(id))?.error?.code], ['queued', 'unavailable']);
    await deliver({ run: id }, DELIVERIES);
    assert.deepEqual([(await runs.get(id))?.state, (await runs.get(id))?.error?.code], ['failed', 'unavailable']);
  });

  it('is acknowledged where the migration itself is at fault', async () => {
    const { deliver, begin, runs, database } = createHandler();
    const id = await begin({ command: 'up' });
    database.accidents = ['none', 'refused'];
    await deliver({ run: id });
    const run = await runs.get(id);
    const { code, version, statement, line } = run?.error ?? {};
    assert.deepEqual([run?.state, run?.done], ['failed', 1]);
    assert.deepEqual([code, version, statement, line], ['migration_failed', '2', 2, 9]);
  });

  for (const [accident, outcome, message, severity] of [
    ['refused', 'failed', 'a run on shop failed', 'WARNING'],
    ['none', 'done', 'event migration-runs', 'INFO'],
  ] as const)
    it(`is one line, which says how the run ended (${outcome})`, async () => {
      const { deliver, begin, database, clock } = createHandler();
      const id = await begin({ command: 'up' });
      database.accidents = ['none', accident];
      const log = createKeptLog();
      const delivery = beginDelivery({ log, clock, subscription: 'migration-runs', event: undefined });
      await delivery.run(() => deliver({ run: id }));
      delivery.end('done');
      const [line = {}] = log.lines;
      assert.deepEqual([line['outcome'], line['message'], line['severity']], [outcome, message, severity]);
      assert.deepEqual([line['run'], line['target']], [id, 'shop']);
    });

  it('says in the log how a run ended: done, cancelled, failed', async () => {
    const { deliver, begin, runs, database, clock, log } = createHandler();
    const told = () =>
      log.lines.flatMap(({ message }) => (/^a run of migrations/.test(String(message)) ? [message] : []));
    await deliver({ run: await begin({ command: 'up', steps: 1 }) });
    const cancelled = await begin({ command: 'up' });
    database.meanwhile = async () => {
      await runs.cancel(cancelled);
      // A run looks now and then whether it is to stop.
      await clock.sleep(2_000);
    };
    await deliver({ run: cancelled });
    database.meanwhile = async () => undefined;
    database.accidents = ['refused'];
    await deliver({ run: await begin({ command: 'up' }) });
    assert.deepEqual(told(), [
      'a run of migrations is done',
      'a run of migrations is cancelled',
      'a run of migrations failed here',
    ]);
  });

  it('has the rollout go on when a run of it has ended, and not when it was put back', async () => {
    const { deliver, begin, database, advanced } = createHandler();
    const id = await begin({ command: 'up' }, { rollout: 'r1' });
    database.accidents = ['lost'];
    await assert.rejects(deliver({ run: id }), { code: 'unavailable' });
    assert.deepEqual(advanced, []);
    await deliver({ run: id }, 2);
    assert.deepEqual(advanced, ['r1']);
    await deliver({ run: await begin({ command: 'up' }) });
    assert.deepEqual(advanced, ['r1']);
  });

  it('comes again where the rollout could not go on, and has it go on then without a second run', async () => {
    const { deliver, begin, runs, database, advanced, trouble } = createHandler();
    const id = await begin({ command: 'up' }, { rollout: 'r1' });
    trouble.advance = new AppError('unavailable', 'the store is away');
    await assert.rejects(deliver({ run: id }), { code: 'unavailable' });
    assert.equal((await runs.get(id))?.state, 'done');
    const effects = database.effects.length;
    delete trouble.advance;
    await deliver({ run: id }, 2);
    assert.deepEqual([advanced, database.effects.length], [['r1'], effects]);
  });

  for (const data of [undefined, {}, { run: '../x' }, { run: 'a', seq: -1 }, { target: 'shop', command: 'drop' }])
    it(`is refused for good as ${JSON.stringify(data)}`, async () => {
      await assert.rejects(createHandler().deliver(data), { code: 'invalid' });
    });

  it('is refused where it forces no version or goes nowhere', async () => {
    const { deliver } = createHandler();
    for (const command of ['force', 'goto', 'baseline', 'down'])
      await assert.rejects(deliver({ target: 'shop', command }), { code: 'invalid' }, command);
    await assert.rejects(deliver({ target: 'shop', command: 'rebless', version: '-1' }), { code: 'invalid' });
  });
});

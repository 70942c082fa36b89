import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { createRig, inTime, someFiles } from './runner-rig.ts';

guardAgainstLeaks();

describe('a run', () => {
  it('takes every step once, tells of each, and keeps in its record what took effect', async () => {
    const rig = createRig();
    const id = await rig.begin({ command: 'up' });
    const run = await rig.process().run(id);
    assert.deepEqual(
      [run.state, run.done, run.planned, run.changed, run.from, run.to],
      ['done', 3, 3, true, { version: null, dirty: false }, { version: '3', dirty: false }],
    );
    assert.deepEqual(
      rig.told.map(({ id: event, type }) => [event, type]),
      [
        [`${id}/0`, 'migration.started'],
        [`${id}/1`, 'migration.step'],
        [`${id}/2`, 'migration.step'],
        [`${id}/3`, 'migration.step'],
        [`${id}/end`, 'migration.completed'],
      ],
    );
    const again = await rig.process().run(await rig.begin({ command: 'up' }));
    assert.deepEqual([again.state, again.changed, rig.database.effects.length], ['done', false, 6]);
  });

  it('does nothing when it has ended, for whoever asks again', async () => {
    const rig = createRig();
    const id = await rig.begin({ command: 'up' } as const);
    const first = await rig.process().run(id, { seq: 0 });
    assert.deepEqual(await rig.process().run(id, { seq: 0 }), first);
    assert.equal(rig.database.effects.length, 6);
  });

  it('is one of ten at once, of which one at a time leads', async () => {
    const rig = createRig(someFiles(20));
    let inside = 0;
    rig.database.meanwhile = async () => {
      assert.equal(++inside, 1);
      await rig.clock.sleep(10);
      inside--;
    };
    const ids = await Promise.all(
      Array.from({ length: 10 }, () => rig.begin({ command: 'up' }, { lockTimeoutMs: 60_000 })),
    );
    const runs = await Promise.all(ids.map((id) => rig.process().run(id)));
    assert.deepEqual(
      runs.map(({ state }) => state),
      Array(10).fill('done'),
    );
    assert.equal(runs.filter(({ changed }) => changed).length, 1);
    assert.equal(rig.database.effects.length, 40);
  });

  it('leaves a paused leader without effect, in the database and in the record, after another took over', async () => {
    const rig = createRig();
    const id = await rig.begin({ command: 'up' });
    const woken = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    rig.database.meanwhile = (step) => {
      if (step.to !== 2n) return undefined;
      rig.database.meanwhile = undefined;
      reached.resolve();
      return woken.promise;
    };
    const pausedClock = createFakeClock();
    const paused = rig.process(pausedClock);
    const old = paused.runner.run(id, { signal: new AbortController().signal, seq: 0, isLast: false });
    await reached.promise;
    rig.database.freeLock();
    const taken = await rig.process().run(id, { seq: 0 });
    assert.deepEqual([taken.state, taken.done, taken.claim], ['done', 3, 2]);
    woken.resolve();
    assert.deepEqual(await inTime(pausedClock, old), taken);
    assert.deepEqual(await rig.runs.get(id), taken);
    assert.deepEqual(
      rig.database.effects.map(({ key, statement }) => `${key}.${statement}`),
      ['up 1.1', 'up 1.2', 'up 2.1', 'up 2.2', 'up 3.1', 'up 3.2'],
    );
  });

  it('is refused by the fence where it wakes before the next leader has changed anything', async () => {
    const rig = createRig();
    const id = await rig.begin({ command: 'up' });
    const [reached, woken, taken, goOn] = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
    assert.ok(reached && woken && taken && goOn);
    const pausedClock = createFakeClock();
    const paused = rig.process(pausedClock, () => {
      reached.resolve();
      return woken.promise;
    });
    const old = paused.runner.run(id, { signal: new AbortController().signal, seq: 0, isLast: false });
    await reached.promise;
    rig.database.freeLock();
    const other = rig.process(rig.clock, () => {
      taken.resolve();
      return goOn.promise;
    });
    const next = other.run(id, { seq: 0 });
    await taken.promise;
    woken.resolve();
    const left = await inTime(pausedClock, old);
    assert.deepEqual([left.state, left.claim, left.error], ['running', 2, undefined]);
    assert.deepEqual(rig.database.effects, []);
    goOn.resolve();
    assert.deepEqual([(await next).state, rig.database.effects.length], ['done', 6]);
  });

  it('waits for the lock no longer than asked, and says who has it and how to end that', async () => {
    const rig = createRig();
    rig.database.holder = '4711';
    const run = await rig.process().run(await rig.begin({ command: 'up' }, { lockTimeoutMs: 2_000 }));
    assert.equal(run.state, 'failed');
    assert.equal(run.error?.code, 'lease_held');
    assert.match(
      run.error?.detail ?? '',
      /4711 \(psql, since 2026-01-01T00:00:00Z\).*select 1.*pg_terminate_backend\(4711\)/,
    );
    assert.equal(rig.database.effects.length, 0);
  });

  it('tells in its record whom it waits for, and ends when somebody wants that', async () => {
    const rig = createRig();
    rig.database.holder = '4711';
    const id = await rig.begin({ command: 'up' }, { lockTimeoutMs: 600_000 });
    const process = rig.process();
    const running = process.runner.run(id, { signal: new AbortController().signal });
    for (let turn = 0; turn < 60; turn++) await rig.clock.advance(50);
    const seen = await rig.runs.get(id);
    assert.deepEqual(
      [seen?.state, seen?.waitingFor?.what, seen?.waitingFor?.holders[0]?.session],
      ['waiting', 'lock', '4711'],
    );
    await rig.runs.cancel(id);
    assert.equal((await inTime(rig.clock, running)).state, 'cancelled');
    assert.equal(rig.database.effects.length, 0);
  });

  it('stops between two steps when it is cancelled', async () => {
    const rig = createRig(someFiles(10));
    const id = await rig.begin({ command: 'up' });
    rig.database.meanwhile = async (step) => {
      await rig.clock.sleep(1_100);
      if (step.to === 4n) await rig.runs.cancel(id);
    };
    const run = await rig.process().run(id);
    assert.deepEqual([run.state, run.done, run.to], ['cancelled', 4, { version: '4', dirty: false }]);
    const queued = await rig.begin({ command: 'up' });
    assert.equal((await rig.runs.cancel(queued))?.state, 'cancelled');
    await rig.process().run(queued);
    assert.equal(rig.database.effects.length, 8);
  });

  it('stops between two steps when the process must go, and goes on with the next delivery', async () => {
    const rig = createRig(someFiles(6));
    const id = await rig.begin({ command: 'up' });
    const stop = new AbortController();
    rig.database.meanwhile = (step) => {
      if (step.to === 2n) stop.abort(new Error('SIGTERM'));
      return undefined;
    };
    await assert.rejects(rig.process().run(id, { seq: 0, isLast: false, signal: stop.signal }), {
      code: 'unavailable',
    });
    assert.deepEqual(rig.database.state, { version: 2n, dirty: false });
    const left = await rig.runs.get(id);
    assert.deepEqual([left?.state, left?.done], ['queued', 2]);
    const run = await rig.process().run(id, { seq: 0, isLast: false });
    assert.deepEqual([run.state, run.done, rig.database.effects.length], ['done', 6, 12]);
    assert.equal(run.error, undefined);
  });

  it('is tried again where it gave way to a lock, and fails where that does not end', async () => {
    const rig = createRig();
    rig.database.accidents = ['busy', 'busy', 'none', 'busy', 'none', 'busy', 'busy', 'busy', 'busy', 'busy'];
    const run = await rig.process().run(await rig.begin({ command: 'up' }));
    assert.deepEqual(
      [run.state, run.done, run.error?.code, run.error?.version],
      ['failed', 2, 'migration_failed', '3'],
    );
    assert.equal(run.error?.file, '3_m.up.sql');
  });

  it('fails with what a person can do where nobody can tell how a step ended', async () => {
    const rig = createRig();
    rig.database.state = { version: 2n, dirty: true };
    rig.database.unknowable = true;
    const run = await rig.process().run(await rig.begin({ command: 'up' }));
    assert.equal(run.error?.code, 'migration_dirty');
    assert.match(run.error?.detail ?? '', /2_m \(up\).*`force 2`.*`force 1`/);
    const forced = await rig.process().run(await rig.begin({ command: 'force', version: 1n }));
    assert.deepEqual([forced.state, forced.to, rig.database.effects], ['done', { version: '1', dirty: false }, []]);
  });

  it('plans without a trace when it is a dry run', async () => {
    const rig = createRig();
    const run = await rig.process().run(await rig.begin({ command: 'goto', version: 2n }, { dryRun: true }));
    assert.deepEqual([run.state, run.planned, run.progress.map(({ version }) => version)], ['done', 2, ['1', '2']]);
    assert.deepEqual([rig.database.history, rig.told, rig.messages], [[], [], []]);
  });

  it('ends as golang-migrate does where there is less than was asked for', async () => {
    const rig = createRig();
    await rig.process().run(await rig.begin({ command: 'up' }));
    const run = await rig.process().run(await rig.begin({ command: 'down', steps: 5 }));
    assert.deepEqual([run.state, run.done, run.error?.detail], ['failed', 3, 'limit 2 short']);
  });

  it('is unknown, or of no target', async () => {
    const rig = createRig();
    await assert.rejects(rig.process().run('nobody'), (error) => isAppError(error, 'not_found'));
    const run = await rig.process().run(await rig.begin({ command: 'up' }, { target: 'none' }));
    assert.deepEqual([run.state, run.error?.code], ['failed', 'not_found']);
  });
});

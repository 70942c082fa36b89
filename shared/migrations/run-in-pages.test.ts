import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { createRig, someFiles } from './runner-rig.ts';

guardAgainstLeaks();

/** Three steps, the second in pages of ten rows and a second each. */
function pagedRig(pages = 20) {
  const rig = createRig(someFiles(3));
  rig.database.pages['up 2'] = pages;
  rig.database.inPage = () => rig.clock.sleep(1_000);
  const effects = () => rig.database.effects.filter(({ key }) => key === 'up 2').map(({ statement }) => statement);
  return { ...rig, effects, all: Array.from({ length: pages }, (_, index) => index + 1) };
}

describe('a step in pages', () => {
  it('goes on by message between two pages, each of which takes effect once', async () => {
    const rig = pagedRig(40);
    const id = await rig.begin({ command: 'up' });
    const given = { isLast: false, budgetMs: 30_000 };
    const first = await rig.process().run(id, { ...given, seq: 0 });
    // Fifteen leave the reserve.
    assert.deepEqual([first.state, first.seq, first.done, rig.messages], ['queued', 1, 1, [{ run: id, seq: 1 }]]);
    assert.deepEqual(first.to, { version: '2', dirty: true });
    const { pages = 0, rows } = first.progress.at(-1) ?? {};
    assert.ok(pages >= 10 && pages <= 15, `${pages} pages`);
    assert.equal(rows, pages * 10);
    let run = first;
    while (run.state === 'queued') run = await rig.process().run(id, { ...given, seq: run.seq ?? 0 });
    assert.deepEqual([run.state, run.done, run.planned, run.to?.version], ['done', 3, 3, '3']);
    assert.deepEqual(rig.effects(), rig.all);
    assert.equal(run.progress[1]?.pages, 40);
  });

  it('stops behind a page when it is cancelled, says so, and a new up goes on there', async () => {
    const rig = pagedRig();
    const id = await rig.begin({ command: 'up' });
    rig.database.inPage = (page) => (page === 5 ? rig.runs.cancel(id) : rig.clock.sleep(1_100));
    const run = await rig.process().run(id);
    assert.deepEqual([run.state, run.done, run.to], ['cancelled', 1, { version: '2', dirty: true }]);
    assert.match(
      run.error?.detail ?? '',
      /^2_m \(up\) is unfinished, after \d pages \(\d0 rows\): the next `up` goes on/,
    );
    assert.ok(rig.effects().length < 20);
    const other = await rig.process().run(await rig.begin({ command: 'down', steps: 1 }));
    assert.deepEqual([other.state, other.error?.code], ['failed', 'migration_dirty']);
    const next = await rig.process().run(await rig.begin({ command: 'up' }));
    assert.deepEqual([next.state, next.done, next.to], ['done', 2, { version: '3', dirty: false }]);
    assert.deepEqual(rig.effects(), rig.all);
  });

  it('is paused behind a page, holds nothing meanwhile, and goes on there', async () => {
    const rig = pagedRig();
    const id = await rig.begin({ command: 'up' });
    rig.database.inPage = (page) => (page === 5 ? rig.runs.pause(id) : rig.clock.sleep(1_100));
    const run = await rig.process().run(id, { seq: 0 });
    assert.deepEqual(
      [run.state, run.pauseRequested, run.endedAt, run.to?.dirty],
      ['paused', undefined, undefined, true],
    );
    assert.equal((await rig.process().leases.observe('migrate.shop'))?.holder, undefined);
    // A late delivery of its message.
    assert.deepEqual(await rig.process().run(id, { seq: 0 }), run);
    const resumed = await rig.runs.resume(id);
    assert.deepEqual([resumed?.state, resumed?.seq], ['queued', 1]);
    const done = await rig.process().run(id, { seq: 1 });
    assert.deepEqual([done.state, done.done, done.planned], ['done', 3, 3]);
    assert.deepEqual(rig.effects(), rig.all);
  });

  it('is ended at once where it is cancelled while it is paused, and says what is unfinished', async () => {
    const rig = pagedRig();
    const id = await rig.begin({ command: 'up' });
    rig.database.inPage = (page) => (page === 5 ? rig.runs.pause(id) : rig.clock.sleep(1_100));
    await rig.process().run(id);
    const run = await rig.runs.cancel(id);
    assert.deepEqual([run?.state, run?.error?.code, run?.changed], ['cancelled', 'migration_dirty', true]);
    assert.deepEqual((await rig.runs.resume(id))?.state, 'cancelled');
  });

  it('goes on behind the last page that took effect after its process died', async () => {
    const rig = pagedRig();
    const id = await rig.begin({ command: 'up' });
    rig.database.accidents = ['none', 'half'];
    await assert.rejects(rig.process().run(id, { seq: 0, isLast: false }), { code: 'outcome_unknown' });
    const run = await rig.process().run(id, { seq: 0 });
    assert.deepEqual([run.state, run.done], ['done', 3]);
    assert.deepEqual(rig.effects(), rig.all);
  });

  it('is put back between two pages where the process has to end, and is cancelled on the command line', async () => {
    for (const isLast of [false, true]) {
      const rig = pagedRig();
      const id = await rig.begin({ command: 'up' });
      const process = new AbortController();
      rig.database.inPage = async (page) => {
        if (page === 3) process.abort(new Error('the process ends'));
      };
      const work = rig.process().run(id, { seq: 0, isLast, signal: process.signal });
      if (isLast) await work;
      else await assert.rejects(work, { code: 'unavailable' });
      assert.equal((await rig.runs.get(id))?.state, isLast ? 'cancelled' : 'queued');
      assert.equal(rig.effects().length, 3);
    }
  });

  it('is left by a worker that was taken over, whose later pages the fence refuses', async () => {
    const rig = pagedRig(5);
    const id = await rig.begin({ command: 'up' });
    const [reached, woken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    rig.database.inPage = (page) => {
      if (page !== 3) return undefined;
      rig.database.inPage = undefined;
      reached.resolve();
      return woken.promise;
    };
    const old = rig.process(rig.clock);
    const work = old.runner.run(id, { signal: new AbortController().signal, seq: 0, isLast: false });
    await reached.promise;
    rig.database.freeLock();
    await rig.process().leases.break('migrate.shop', 'test', 'test');
    const taken = await rig.process().run(id, { seq: 0 });
    assert.equal(taken.state, 'done');
    woken.resolve();
    assert.equal((await work).state, 'done');
    assert.deepEqual(rig.effects(), rig.all);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { createRig, someFiles } from './runner-rig.ts';

guardAgainstLeaks();

const MESSAGE = { isLast: false, budgetMs: 60_000 };

/** Steps of ten seconds under a budget of a minute. */
function slowRig(count = 12) {
  const rig = createRig(someFiles(count));
  rig.database.meanwhile = () => rig.clock.sleep(10_000);
  return rig;
}

describe('a run whose time is over', () => {
  it('goes on by message, step by step to the end, whatever else is delivered meanwhile', async () => {
    const rig = slowRig();
    const id = await rig.begin({ command: 'up', steps: 11 });
    const first = await rig.process().run(id, { ...MESSAGE, seq: 0 });
    assert.deepEqual([first.state, first.seq, first.done, rig.messages], ['queued', 1, 4, [{ run: id, seq: 1 }]]);
    const second = await rig.process().run(id, { ...MESSAGE, seq: 1 });
    assert.deepEqual([second.state, second.seq, second.done], ['queued', 2, 8]);
    // Late, and again.
    await rig.process().run(id, { ...MESSAGE, seq: 0 });
    await rig.process().run(id, { ...MESSAGE, seq: 1 });
    assert.equal(rig.database.effects.length, 16);
    const third = await rig.process().run(id, { ...MESSAGE, seq: 2 });
    assert.deepEqual([third.state, third.done, third.planned, third.to?.version], ['done', 11, 11, '11']);
    await rig.process().run(id, { ...MESSAGE, seq: 2 });
    assert.equal(rig.database.effects.length, 22);
  });

  it('is not forgotten where the message could not be published', async () => {
    const rig = slowRig();
    const id = await rig.begin({ command: 'up' });
    rig.queueFails = true;
    await assert.rejects(rig.process().run(id, { ...MESSAGE, seq: 0 }));
    rig.queueFails = false;
    await rig.process().run(id, { ...MESSAGE, seq: 0 });
    assert.deepEqual(rig.messages, [{ run: id, seq: 1 }]);
    assert.equal(rig.database.effects.length, 8);
  });

  it('takes one step at least, however slow it is, and not more than a hundred rounds', async () => {
    const rig = slowRig(110);
    const id = await rig.begin({ command: 'up' });
    let run = await rig.process().run(id, { isLast: false, budgetMs: 12_000, seq: 0 });
    assert.deepEqual([run.state, run.done], ['queued', 1]);
    while (run.state === 'queued')
      run = await rig.process().run(id, { isLast: false, budgetMs: 12_000, seq: run.seq ?? 0 });
    assert.deepEqual([run.state, run.seq, run.done, run.error?.code], ['failed', 100, 101, 'migration_refused']);
  });

  it('takes a redo back once and applies it once', async () => {
    const rig = createRig();
    await rig.process().run(await rig.begin({ command: 'up' }));
    rig.database.meanwhile = () => rig.clock.sleep(30_000);
    const id = await rig.begin({ command: 'redo' });
    const first = await rig.process().run(id, { ...MESSAGE, budgetMs: 50_000, seq: 0 });
    assert.deepEqual([first.state, first.done, rig.database.state.version], ['queued', 1, 2n]);
    const second = await rig.process().run(id, { ...MESSAGE, seq: 1 });
    assert.deepEqual([second.state, second.done, rig.database.state.version], ['done', 2, 3n]);
  });

  it('waits on where it waited', async () => {
    const rig = createRig();
    rig.database.holder = '7';
    const id = await rig.begin({ command: 'up' }, { lockTimeoutMs: 100_000 });
    const first = await rig.process().run(id, { ...MESSAGE, seq: 0 });
    assert.deepEqual([first.state, first.seq, Math.round((first.waitedMs ?? 0) / 1_000)], ['queued', 1, 45]);
    const second = await rig.process().run(id, { ...MESSAGE, seq: 1 });
    const third = await rig.process().run(id, { ...MESSAGE, seq: 2 });
    assert.deepEqual([second.state, third.state, third.error?.code], ['queued', 'failed', 'lease_held']);
  });
});

/** Runs where files were merged late, or edited. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../errors.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import type { Command } from './run.ts';
import { createRig, someFiles } from './runner-rig.ts';

guardAgainstLeaks();

/** At version 5 of 1, 3 and 5; then 2, 4 and 6 are merged. Those of `apart` run outside a transaction. */
async function merged(apart: readonly number[] = []) {
  const all = someFiles(6, apart);
  const some = Object.entries(all).filter(([file]) => /^[135]/.test(file));
  const rig = createRig(Object.fromEntries(some));
  await rig.process().run(await rig.begin({ command: 'up' }));
  rig.files = all;
  rig.policy = { late: 'apply' };
  rig.database.effects.length = 0;
  const steps = () => rig.database.effects.filter(({ statement }) => statement === 2).map(({ key }) => key);
  const run = async (command: Command, more = {}) => rig.process().run(await rig.begin(command), more);
  return { rig, steps, run };
}

describe('a run with files that were merged late', () => {
  it('takes them first where the policy says so, and the target counts them as pending', async () => {
    const { rig, steps, run } = await merged();
    const { runner } = rig.process();
    assert.equal((await runner.status('shop')).pending, 3);
    const one = await run({ command: 'up', steps: 1 });
    assert.deepEqual([one.state, one.done, one.to?.version, steps()], ['done', 1, '5', ['up 2']]);
    const rest = await run({ command: 'up' });
    assert.deepEqual([rest.done, rest.to?.version, steps()], [2, '6', ['up 2', 'up 4', 'up 6']]);
    const { ok } = await runner.verify('shop');
    assert.deepEqual([ok, (await runner.status('shop')).pending], [true, 0]);
    assert.equal((await run({ command: 'up' })).changed, false);
  });

  it('passes them over, or refuses, where it says otherwise', async () => {
    const { rig, steps, run } = await merged();
    rig.policy = { late: 'error' };
    const refused = await run({ command: 'up' });
    assert.deepEqual([refused.state, refused.error?.code, steps()], ['failed', 'migration_refused', []]);
    assert.match(refused.error?.detail ?? '', /merged late, so never applied: 2, 4 \(/);
    rig.policy = {};
    assert.equal((await rig.process().runner.status('shop')).pending, 1);
    await run({ command: 'up' });
    assert.deepEqual(steps(), ['up 6']);
  });

  it('takes each once where its time is over between them', async () => {
    const { rig, steps } = await merged();
    rig.database.meanwhile = () => rig.clock.sleep(30_000);
    const id = await rig.begin({ command: 'up', steps: 3 });
    let run = await rig.process().run(id, { isLast: false, budgetMs: 32_000, seq: 0 });
    while (run.state === 'queued')
      run = await rig.process().run(id, { isLast: false, budgetMs: 32_000, seq: run.seq ?? 0 });
    assert.deepEqual([run.state, run.done, run.seq, steps()], ['done', 3, 2, ['up 2', 'up 4', 'up 6']]);
  });

  for (const accident of ['lost', 'answer lost', 'half'] as const)
    it(`takes each once where the first one is ${accident} and another process comes`, async () => {
      const { rig, steps } = await merged([2]);
      rig.database.accidents = [accident];
      const id = await rig.begin({ command: 'up', steps: 2 });
      await assert.rejects(rig.process().run(id, { isLast: false, seq: 0 }));
      const run = await rig.process().run(id, { seq: 0 });
      assert.deepEqual(
        [run.state, run.done, run.to, steps()],
        ['done', 2, { version: '5', dirty: false }, ['up 2', 'up 4']],
      );
      const keys = rig.database.effects.map(({ key, statement }) => `${key}/${statement}`);
      assert.equal(new Set(keys).size, keys.length);
    });

  it('writes the row that one would have left which is found to have taken effect', async () => {
    const { rig, steps } = await merged([2]);
    rig.database.accidents = ['half'];
    const id = await rig.begin({ command: 'up' });
    await assert.rejects(rig.process().run(id, { isLast: false, seq: 0 }));
    const { open } = rig.database;
    rig.database.open = (own) => ({ ...open(own), look: async () => 'applied' });
    const run = await rig.process().run(id, { seq: 0 });
    assert.deepEqual([run.state, run.done, steps()], ['done', 3, ['up 4', 'up 6']]);
    const row = rig.database.history.find(({ version }) => version === 2n);
    assert.deepEqual([row?.direction, row?.name, row?.down], ['up', 'm', '-- +job no-transaction\ndown 2']);
    assert.notEqual(row?.checksum, undefined);
  });

  it('says what a person can do where nobody can tell how one ended', async () => {
    const { rig } = await merged([2]);
    rig.database.accidents = ['half'];
    await assert.rejects(rig.process().run(await rig.begin({ command: 'up' }), { isLast: false }));
    rig.database.unknowable = true;
    const run = await rig.process().run(await rig.begin({ command: 'up' }));
    assert.deepEqual([run.state, run.error?.code], ['failed', 'migration_dirty']);
    assert.match(run.error?.detail ?? '', /2_m \(up\) began.*merged late.*`force 5`/);
  });

  it('applies nothing again that another tool applied before or after it', async () => {
    const { rig, steps, run } = await merged();
    // golang-migrate: back to 1, and up to 4.
    rig.database.state = { version: 4n, dirty: false };
    const done = await run({ command: 'up' });
    assert.deepEqual([done.state, steps()], ['done', ['up 5', 'up 6']]);
    assert.equal(rig.database.history.filter(({ direction }) => direction === 'baseline').length, 1);
    assert.deepEqual((await rig.process().runner.verify('shop')).drift.late, []);
  });
});

describe('what the policy only warns of', () => {
  async function deviating() {
    const { rig, run } = await merged();
    const { '1_m.up.sql': _, '1_m.down.sql': __, ...files } = rig.files;
    rig.files = { ...files, '3_m.up.sql': 'edited' };
    rig.policy = {};
    return { rig, run };
  }
  const WARNINGS = [
    'merged late, so never applied: 2, 4 (give them a later version, or let the policy say `late: "apply"`)',
    'edited since they were applied: 3 (restore their files, or `rebless` them)',
    'applied, and without a file now: 1 (restore their files)',
  ];

  it('is in the record and once in the log, also where nothing is changed and in a dry run', async () => {
    const { rig, run } = await deviating();
    const dry = await rig.process().run(await rig.begin({ command: 'up' }, { dryRun: true }));
    assert.deepEqual([dry.state, dry.warnings], ['done', WARNINGS]);
    assert.deepEqual((await rig.process().runner.plan('shop', { command: 'goto', version: 6n })).warnings, WARNINGS);
    for (const changed of [true, false]) {
      const process = rig.process();
      const id = await rig.begin({ command: 'up' });
      const { warnings, ...done } = await process.run(id);
      assert.deepEqual([done.state, done.changed, warnings], ['done', changed, WARNINGS]);
      const logged = process.log.lines.filter((line) => line['warnings'] !== undefined);
      assert.deepEqual(
        logged.map(({ level, severity, run: of }) => [level ?? severity, of]),
        [['WARNING', id]],
      );
    }
    assert.deepEqual((await run({ command: 'goto', version: 6n })).warnings, WARNINGS);
  });

  it('is told once by a run that goes on in another process', async () => {
    const { rig } = await deviating();
    rig.files = { ...rig.files, '7_m.up.sql': 'up 7' };
    rig.database.meanwhile = () => rig.clock.sleep(30_000);
    const id = await rig.begin({ command: 'up' });
    const [first, second] = [rig.process(), rig.process()];
    const half = await first.run(id, { isLast: false, budgetMs: 32_000, seq: 0 });
    assert.deepEqual([half.state, half.warnings], ['queued', WARNINGS]);
    const done = await second.run(id, { seq: half.seq ?? 0 });
    assert.deepEqual([done.state, done.done, done.warnings], ['done', 2, WARNINGS]);
    const logged = [first, second].map(({ log }) => log.lines.filter((line) => line['warnings'] !== undefined).length);
    assert.deepEqual(logged, [1, 0]);
  });

  it('is not told of what the policy applies, and not on the way down or where nothing deviates', async () => {
    const { rig, run } = await deviating();
    for (const command of [
      { command: 'down', steps: 1 },
      { command: 'goto', version: 2n },
    ] as const) {
      const { runner } = rig.process();
      assert.equal((await runner.plan('shop', command)).warnings, undefined);
    }
    assert.deepEqual([(await run({ command: 'down', steps: 1 })).warnings], [undefined]);
    const { rig: applying, run: apply } = await merged();
    assert.equal((await apply({ command: 'up' })).warnings, undefined);
    assert.equal(applying.policy.late, 'apply');
  });

  it('is told beside what it refuses', async () => {
    const { rig, run } = await deviating();
    rig.policy = { edited: 'error' };
    const refused = await run({ command: 'up' });
    assert.deepEqual([refused.state, refused.warnings], ['failed', [WARNINGS[0], WARNINGS[2]]]);
  });
});

describe('a run of rebless', () => {
  async function edited() {
    const { rig, run } = await merged();
    rig.policy = { edited: 'error' };
    rig.files = { ...rig.files, '1_m.up.sql': 'edited', '3_m.up.sql': 'edited', '3_m.down.sql': 'another way' };
    return { rig, run };
  }

  it('takes the texts of what was edited, runs nothing, and there is nothing to it the next time', async () => {
    const { rig, run } = await edited();
    const refused = await run({ command: 'up' });
    assert.match(
      refused.error?.detail ?? '',
      /edited since they were applied: 1, 3 \(restore their files, or `rebless` them\)/,
    );
    const done = await run({ command: 'rebless' });
    assert.deepEqual(
      [done.state, done.changed, done.planned, done.done, done.to, rig.database.effects],
      ['done', true, 2, 2, { version: '5', dirty: false }, []],
    );
    const [newest] = rig.database.history;
    assert.deepEqual([newest?.direction, newest?.version, newest?.down], ['rebless', 3n, 'another way']);
    assert.equal((await run({ command: 'rebless' })).changed, false);
    assert.equal((await run({ command: 'up' })).state, 'done');
  });

  it('is of one version where one is named, and refuses what was never applied', async () => {
    const { rig, run } = await edited();
    assert.equal((await run({ command: 'rebless', version: 3n })).done, 1);
    assert.deepEqual((await rig.process().runner.verify('shop')).drift.edited, [{ version: 1n, name: 'm' }]);
    const refused = await run({ command: 'rebless', version: 2n });
    assert.deepEqual([refused.state, refused.error?.code], ['failed', 'migration_refused']);
    assert.equal((await run({ command: 'rebless', version: 5n })).changed, false);
  });

  it('writes each row once where it is gone on with after a crash', async () => {
    const { rig } = await edited();
    const { open } = rig.database;
    rig.database.open = (own) => {
      const session = open(own);
      let stamps = 0;
      const stamp: typeof session.stamp = async (...given) => {
        if (++stamps === 2) throw new AppError('unavailable', 'the connection was lost');
        return session.stamp(...given);
      };
      return { ...session, stamp };
    };
    const id = await rig.begin({ command: 'rebless' });
    await assert.rejects(rig.process().run(id, { isLast: false, seq: 0 }));
    assert.equal(rig.database.history.filter(({ direction }) => direction === 'rebless').length, 1);
    rig.database.open = open;
    const done = await rig.process().run(id, { seq: 0 });
    assert.deepEqual([done.state, done.done, done.changed], ['done', 2, true]);
    assert.equal(rig.database.history.filter(({ direction }) => direction === 'rebless').length, 2);
  });
});

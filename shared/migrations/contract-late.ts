/** What every session promises of a step that leaves the version as it is, and of rows that are written without one, as tests. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as rig from './contract-rig.ts';
import type { Bundle, Directives, Step } from './migration.ts';
import type { Session } from './session.ts';
import { settleDirty } from './settle-dirty.ts';

const { count, failsWith, given, migration, rows, stamping, TOKEN } = rig;

const [FIRST, THIRD] = [migration(1n, rig.FRUIT), migration(3n, { up: 'CREATE TABLE third (id integer);' }, 1n)];

/** Merged late, between the two. */
function lateStep(up: string, directives: Partial<Directives> = {}): Step {
  const step = migration(2n, { up, down: 'DROP TABLE late;', directives }).up;
  return { ...step, from: 3n, to: 3n };
}

export function lateContract(
  started: () => { database: rig.DatabaseUnderTest; session: Session },
  { resumes }: rig.Contract,
): void {
  const bundleOf = (step: Step): Bundle => ({
    migrations: [FIRST.up.migration, step.migration, THIRD.up.migration],
    hash: 'b1',
  });
  async function upToThird(session: Session): Promise<void> {
    await session.apply(FIRST.up, given());
    await session.apply(THIRD.up, given());
  }
  const settled = async (session: Session, step: Step) =>
    settleDirty(session, {
      state: await session.state(),
      bundle: bundleOf(step),
      history: await session.history(99),
      given: { token: TOKEN, run: 'run_2', by: 'bob', bundle: 'b1' },
    });
  const versions = async (session: Session) =>
    (await session.history(99)).map(({ version, direction }) => `${direction} ${version}`);

  for (const [how, directives] of [
    ['in a transaction', {}],
    ['by the marked way', { noTransaction: true }],
  ] as const)
    it(`applies a late step ${how}, at the version that stays, and takes it back at its place`, async () => {
      const { database, session } = started();
      await upToThird(session);
      const late = lateStep('CREATE TABLE late (id integer);\nINSERT INTO late VALUES (1);\n', directives);
      await session.apply(late, given());
      assert.deepEqual([await rows(database), await count(database, 'late')], [[['3', false]], 1]);
      const [row] = await session.history(1);
      assert.deepEqual(
        [row?.version, row?.direction, row?.checksum, row?.down],
        [2n, 'up', late.migration.up?.checksum, 'DROP TABLE late;'],
      );
      await session.apply({ ...THIRD.down, to: 2n }, given());
      await session.apply({ ...late, direction: 'down', from: 2n, to: 1n }, given());
      assert.deepEqual([await rows(database), await count(database, 'late')], [[['1', false]], 'no table']);
      assert.deepEqual(await versions(session), ['down 2', 'down 3', 'up 2', 'up 3', 'up 1']);
    });

  it('leaves the row clean where the first statement of a late step fails', async () => {
    const { database, session } = started();
    await upToThird(session);
    for (const directives of [{}, { noTransaction: true }])
      await failsWith(
        session.apply(lateStep('INSERT INTO nowhere VALUES (1);', directives), given()),
        'migration_failed',
      );
    assert.deepEqual([await rows(database), await versions(session)], [[['3', false]], ['up 3', 'up 1']]);
  });

  it('knows a late step that failed in the middle, and goes on behind what took effect', async (t) => {
    const { database, session } = started();
    if (!resumes) return t.skip('it does not go on in the middle of a step');
    await upToThird(session);
    const late = lateStep('CREATE TABLE late (id integer);\nINSERT INTO mended VALUES (1);\n', { noTransaction: true });
    await failsWith(session.apply(late, given()), 'migration_failed');
    assert.deepEqual(await rows(database), [['3', true]]);
    const { resume, state } = await settled(session, late);
    assert.deepEqual([resume, state], [late, { version: 3n, dirty: true }]);
    await database.query('CREATE TABLE mended (id integer)');
    await session.apply(late, given());
    assert.deepEqual([await rows(database), await count(database, 'mended')], [[['3', false]], 1]);
    assert.deepEqual(await versions(session), ['up 2', 'up 3', 'up 1']);
  });

  it('knows a late step that was cut off in the middle, whoever comes after', async (t) => {
    const { database, session } = started();
    if (!database.sever || !database.long) return t.skip('nothing can cut this connection');
    await upToThird(session);
    const { sql, runs } = database.long;
    const own = `CREATE TABLE late (id integer);\nBEGIN;\nINSERT INTO late VALUES (1);\n${sql};\nCOMMIT;\n`;
    const late = lateStep(own, { noTransaction: true });
    const applied = session.apply(late, given());
    applied.catch(() => {});
    await rig.until(runs, 'the long statement runs');
    await database.sever(session);
    await failsWith(applied, 'outcome_unknown', 'unavailable');
    await using next = await database.open();
    await rig.until(() => next.tryLock(), 'the lock of a lost connection is free');
    assert.deepEqual(await rows(database), [['3', true]]);
    const { resume } = await settled(next, late);
    assert.deepEqual([resume, await next.look(late)], [late, { statementsDone: 1 }]);
  });

  it('writes a row for another version than its own, with the text that counts from then on', async () => {
    const { database, session } = started();
    await upToThird(session);
    await session.raiseFence(TOKEN);
    const texts = { of: 1n, checksum: 'c'.repeat(64), down: 'DROP TABLE fruit; -- now' };
    const more = { ...stamping(), ...texts, direction: 'rebless', name: 'fruit' } as const;
    await session.stamp({ version: 3n, dirty: false }, more);
    assert.deepEqual(await rows(database), [['3', false]]);
    const [row] = await session.history(1);
    assert.deepEqual(
      [row?.version, row?.direction, row?.name, row?.checksum, row?.down, row?.run],
      [1n, 'rebless', 'fruit', texts.checksum, texts.down, 'run_2'],
    );
    await failsWith(session.stamp({ version: 3n, dirty: false }, { ...more, token: TOKEN - 1 }), 'lease_lost');
    assert.equal((await session.history(9)).length, 3);
  });
}

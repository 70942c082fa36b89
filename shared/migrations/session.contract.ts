/**
 * What every driver of a database to migrate promises, as tests: run over each by its own test file. The rows of golang-migrate's table are frozen here as its own drivers
 * leave them (database/postgres, mysql, sqlite3 of v4.19).
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import { lateContract } from './contract-late.ts';
import { lockContract } from './contract-lock.ts';
import { lossContract } from './contract-loss.ts';
import * as rig from './contract-rig.ts';
import type { Version } from './migration.ts';
import type { Session } from './session.ts';

export type { DatabaseUnderTest } from './contract-rig.ts';

const { COLOUR, FRUIT, BROKEN, TOKEN, given, migration, stamping, failsWith } = rig;

export function sessionContract(contract: rig.Contract): void {
  const { name, start, transactional, resumes, table } = contract;
  const several = { skip: contract.alone ?? false };
  describe(`${name} session`, { skip: contract.skip || false, timeout: 120_000 }, () => {
    let database: rig.DatabaseUnderTest;
    let session: Session;
    beforeEach(async () => {
      database = await start();
      session = await database.open();
      await session.prepare();
      // Whoever writes holds it, here as in a run.
      assert.equal(await session.tryLock(), true);
    });
    afterEach(async () => {
      await session?.[Symbol.asyncDispose]();
      await database?.close();
    });
    const rows = () => rig.rows(database);
    const count = (of: string) => rig.count(database, of);

    it('finds no version at first, in a table made as golang-migrate makes it', async () => {
      assert.deepEqual(await session.state(), { version: undefined, dirty: false });
      assert.deepEqual(await rows(), []);
      assert.deepEqual(await database.query(table.sql), table.rows);
      assert.deepEqual(await session.history(10), []);
    });

    it('looks at a database that nobody has prepared', async () => {
      await session.unlock();
      await session[Symbol.asyncDispose]();
      await database.close();
      database = await start();
      session = await database.open();
      assert.deepEqual(await session.state(), { version: undefined, dirty: false });
      assert.deepEqual(await session.history(10), []);
      assert.deepEqual(await session.holders(), []);
    });

    it('is prepared by several at once, and again', several, async () => {
      await session.unlock();
      const others = await Promise.all(Array.from({ length: 4 }, () => database.open()));
      await Promise.all([session, ...others].map((one) => one.prepare()));
      for (const one of others) {
        assert.deepEqual(await one.state(), { version: undefined, dirty: false });
        await one[Symbol.asyncDispose]();
      }
    });

    it('leaves the row that golang-migrate would after each up and down', async () => {
      const [first, second] = [
        migration(1n, FRUIT),
        migration(7n, { up: 'INSERT INTO fruit VALUES (2, NULL);', down: 'DELETE FROM fruit WHERE id = 2;' }, 1n),
      ];
      const seen: unknown[] = [];
      for (const step of [first.up, second.up, second.down, first.down, first.up]) {
        await session.apply(step, given());
        assert.deepEqual(await session.state(), { version: step.to, dirty: false });
        seen.push([await rows(), await count('fruit')]);
      }
      const [one, seven]: [string, boolean][][] = [[['1', false]], [['7', false]]];
      assert.deepEqual(seen, [
        [one, 1],
        [seven, 2],
        [one, 1],
        [[], 'no table'],
        [one, 1],
      ]);
    });

    it('leaves the row that golang-migrate would where it is set by hand', async () => {
      const table: [Version | undefined, boolean, [string, boolean][]][] = [
        [5n, false, [['5', false]]],
        [6n, true, [['6', true]]],
        [0n, false, [['0', false]]],
        [undefined, true, [['-1', true]]],
        [undefined, false, []],
        [9_223_372_036_854_775_807n, false, [['9223372036854775807', false]]],
      ];
      for (const [version, dirty, expected] of table) {
        await session.stamp({ version, dirty }, stamping());
        assert.deepEqual(await rows(), expected);
        assert.deepEqual(await session.state(), { version, dirty });
      }
    });

    it('reads the rows that golang-migrate leaves', async () => {
      for (const [row, state] of [
        ['(3, true)', { version: 3n, dirty: true }],
        ['(-1, true)', { version: undefined, dirty: true }],
        ['(1751234567890123457, false)', { version: 1751234567890123457n, dirty: false }],
      ] as const) {
        await database.query('DELETE FROM schema_migrations');
        await database.query(`INSERT INTO schema_migrations (version, dirty) VALUES ${row}`);
        assert.deepEqual(await session.state(), state);
      }
    });

    it('goes up and down between versions of 19 digits', async () => {
      const [low, high] = [1751234567890123457n, 1751234567890123458n];
      const [first, second] = [migration(low, FRUIT), migration(high, { up: '' }, low)];
      await session.apply(first.up, given());
      await session.apply(second.up, given());
      assert.deepEqual(await rows(), [[String(high), false]]);
      await session.apply(second.down, given());
      assert.deepEqual(await session.state(), { version: low, dirty: false });
      assert.deepEqual(
        (await session.history(3)).map((row) => row.version),
        [high, high, low],
      );
    });

    it('moves the version alone where a script is absent, empty or only a comment', async () => {
      const steps = [
        migration(1n, {}),
        migration(2n, { up: ' \n' }, 1n),
        migration(3n, { up: '-- nothing; yet\n/* ; */' }, 2n),
      ];
      for (const { up } of steps) await session.apply(up, given());
      assert.deepEqual(await rows(), [['3', false]]);
      for (const { down } of steps.toReversed()) await session.apply(down, given());
      assert.deepEqual(await rows(), []);
    });

    it('runs a script that begins and commits by itself', async () => {
      const own = 'BEGIN;\nCREATE TABLE own (id integer);\nINSERT INTO own VALUES (1);\nCOMMIT;\n';
      await session.apply(migration(1n, { up: own }).up, given());
      assert.deepEqual([await rows(), await count('own')], [[['1', false]], 1]);
    });

    it('runs a script outside a transaction, and tells of each statement', async () => {
      const told: string[] = [];
      const { up } = migration(1n, { ...FRUIT, directives: { noTransaction: true } });
      await session.apply(up, given({ onStatement: (k, n) => told.push(`${k} of ${n}`) }));
      assert.deepEqual([await rows(), await count('fruit'), told], [[['1', false]], 1, ['1 of 2', '2 of 2']]);
    });

    it('says which file and statement failed, and leaves no half where it can', async () => {
      await session.apply(migration(1n, FRUIT).up, given());
      await assert.rejects(session.apply(migration(2n, BROKEN, 1n).up, given()), (error) => {
        assert.ok(isAppError(error, 'migration_failed'), String(error));
        assert.match(error.message, /2_fruit\.up\.sql/);
        assert.match(error.message, /statement 3|line 3/);
        assert.match(error.message, /no_such_table/);
        return true;
      });
      const left = [await rows(), await count('half')];
      assert.deepEqual(left, transactional ? [[['1', false]], 'no table'] : [[['2', true]], 1]);
      assert.equal((await session.history(9)).length, 1);
      if (transactional) await session.apply(migration(2n, { up: COLOUR.up }, 1n).up, given());
    });

    it('leaves the row that golang-migrate would where a step outside a transaction fails', async () => {
      const bad = {
        up: BROKEN.up,
        down: `${FRUIT.down}DROP TABLE no_such_table;`,
        directives: { noTransaction: true },
      };
      await session.apply(migration(1n, FRUIT).up, given());
      await failsWith(session.apply(migration(2n, bad, 1n).up, given()), 'migration_failed');
      assert.deepEqual([await rows(), await count('half')], [[['2', true]], 1]);
      await session.stamp({ version: 1n, dirty: false }, stamping());
      await failsWith(session.apply(migration(1n, bad).down, given()), 'migration_failed');
      assert.deepEqual([await rows(), await count('fruit')], [[['-1', true]], 'no table']);
      assert.deepEqual(await session.state(), { version: undefined, dirty: true });
    });

    it('goes on with the very step that is marked, behind what took effect, and with no other', async () => {
      const bad = migration(1n, { up: BROKEN.up, directives: { noTransaction: true } });
      await failsWith(session.apply(bad.up, given()), 'migration_failed');
      await failsWith(session.apply(migration(2n, FRUIT, 1n).up, given()), 'conflict', 'migration_dirty');
      const truth = await session.look(bad.up);
      if (resumes) {
        assert.deepEqual(truth, { statementsDone: 2 });
        await database.query('CREATE TABLE no_such_table (id integer)');
        await session.apply(bad.up, given());
        assert.deepEqual([await rows(), await count('half'), await count('no_such_table')], [[['1', false]], 1, 1]);
      } else assert.notEqual(truth, 'applied');
      assert.equal(await count('fruit'), 'no table');
    });

    it('refuses a step that was planned on another version, and does nothing', async () => {
      await session.apply(migration(1n, FRUIT).up, given());
      const other = { up: 'CREATE TABLE other (id integer);', down: 'DROP TABLE fruit;' };
      for (const directives of [{}, { noTransaction: true }]) {
        await failsWith(session.apply(migration(2n, { ...other, directives }).up, given()), 'conflict');
        await failsWith(session.apply(migration(2n, { ...other, directives }, 9n).up, given()), 'conflict');
        await failsWith(session.apply(migration(9n, { ...other, directives }).down, given()), 'conflict');
      }
      await session.stamp({ version: 1n, dirty: true }, stamping());
      await failsWith(session.apply(migration(2n, other, 1n).up, given()), 'conflict', 'migration_dirty');
      assert.deepEqual([await rows(), await count('fruit'), await count('other')], [[['1', true]], 1, 'no table']);
    });

    it('refuses what comes with a lower token than the fence, and does nothing', several, async () => {
      await session.raiseFence(TOKEN);
      await session.raiseFence(TOKEN);
      await failsWith(session.raiseFence(TOKEN - 1), 'lease_lost');
      await session.apply(migration(1n, {}).up, given());
      await using later = await database.open();
      await later.raiseFence(TOKEN + 1);
      for (const directives of [{}, { noTransaction: true }])
        await failsWith(session.apply(migration(2n, { ...FRUIT, directives }, 1n).up, given()), 'lease_lost');
      await failsWith(session.stamp({ version: 8n, dirty: false }, stamping()), 'lease_lost');
      assert.deepEqual([await rows(), await count('fruit')], [[['1', false]], 'no table']);
      assert.equal((await session.history(9)).length, 1);
      await session.unlock();
      assert.equal(await later.tryLock(), true);
      await later.apply(migration(2n, FRUIT, 1n).up, given({ token: TOKEN + 1 }));
      assert.deepEqual([await rows(), await count('fruit')], [[['2', false]], 1]);
    });

    it('tells what took effect, the newest first, with the text of the way back', async () => {
      const [first, second] = [migration(1n, FRUIT), migration(2n, { up: 'DELETE FROM fruit;' }, 1n)];
      await session.apply(first.up, given({ more: true }));
      await session.apply(second.up, given());
      await session.apply(second.down, given({ run: 'run_9', by: 'cy – 夜' }));
      await session.stamp({ version: undefined, dirty: false }, stamping());
      const history = await session.history(10);
      assert.deepEqual(
        history.map((row) => [row.version, row.direction, row.down, row.checksum, row.run, row.by, row.token]),
        [
          // golang-migrate's number of no version.
          [-1n, 'force', undefined, undefined, 'run_2', 'bob', TOKEN],
          [2n, 'down', undefined, undefined, 'run_9', 'cy – 夜', TOKEN],
          [2n, 'up', undefined, second.up.migration.up?.checksum, 'run_1', 'ann', TOKEN],
          [1n, 'up', FRUIT.down, first.up.migration.up?.checksum, 'run_1', 'ann', TOKEN],
        ],
      );
      for (const row of history) {
        assert.match(row.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
        assert.ok(row.ms >= 0 && row.name === (row.direction === 'force' ? '' : 'fruit'));
      }
      assert.deepEqual(await session.history(2), history.slice(0, 2));
    });

    it('has a fingerprint of the schema, and of nothing of ours', several, async () => {
      await using fresh = await database.open();
      const empty = await fresh.fingerprint();
      const fruit = migration(1n, FRUIT);
      await session.apply(fruit.up, given());
      const full = await session.fingerprint();
      assert.notEqual(full, empty);
      await session.apply(fruit.down, given());
      assert.equal(await session.fingerprint(), empty);
      await session.apply(fruit.up, given());
      await database.query("INSERT INTO fruit VALUES (2, 'pear')");
      assert.equal(await session.fingerprint(), full);
      const seen = new Set([empty, full]);
      for (const change of COLOUR.up.split(';\n').filter(Boolean)) {
        await database.query(change);
        seen.add(await session.fingerprint());
      }
      assert.equal(seen.size, 4);
      await database.query('DROP TABLE fruit');
      for (const ours of ['hawker_migration_history', 'hawker_migration_fence', 'schema_migrations'])
        await database.query(`DROP TABLE ${ours}`);
      assert.equal(await fresh.fingerprint(), empty);
    });

    lockContract(() => ({ database, session }), several);
    lossContract(() => ({ database, session }), contract);
    lateContract(() => ({ database, session }), contract);
  });
}

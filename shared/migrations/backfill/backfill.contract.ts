/** What a backfill does on any database that speaks SQL. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type DatabaseUnderTest, failsWith, given, migration, rows, TOKEN, until } from '../contract-rig.ts';
import type { PagesDone } from '../session.ts';
import { ADD_ONE, inProcess, paged, stepOf, valuesOf } from './rig.ts';

export interface BackfillContract<T extends DatabaseUnderTest> {
  name: string;
  start: () => Promise<T>;
  /** Code that makes a `session` on the same database in another process. */
  opening: (database: T) => string;
  /** Types of keys with some of their values, none twice, as SQL; in any order. */
  keys: Readonly<Record<string, readonly string[]>>;
  skip?: string | false | undefined;
}

export function backfillContract<T extends DatabaseUnderTest>(contract: BackfillContract<T>): void {
  describe(`a backfill in ${contract.name}`, { skip: contract.skip, timeout: 110_000 }, () => {
    let database: T;
    beforeEach(async () => {
      database = await contract.start();
    });
    afterEach(() => database.close());

    const fill = async (count: number, from = 1) => {
      for (let at = from; at < from + count; at += 1_000) {
        const some = Array.from({ length: Math.min(1_000, from + count - at) }, (_, k) => `(${at + k}, 0)`);
        await database.query(`INSERT INTO t VALUES ${some.join(', ')}`);
      }
    };
    const table = async (count: number) => {
      await database.query('CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, n bigint NOT NULL)');
      await fill(count);
    };
    /** How many rows have which n. */
    const counts = async () =>
      Object.fromEntries(
        (await database.query('SELECT n, count(*) FROM t GROUP BY n')).map(([n, count]) => [String(n), Number(count)]),
      );
    const open = async () => {
      const session = await database.open();
      await session.prepare();
      await until(() => session.tryLock(), 'the lock is free');
      return session;
    };

    it('changes every row once, however often its process is killed', async () => {
      await table(10_000);
      let killed = 0;
      for (;;) {
        const child = inProcess(
          contract.opening(database),
          `await session.prepare();
           while (!(await session.tryLock())) await pause(20);
           const directives = ${JSON.stringify(paged({ batch: 250 }))};
           const { up } = migration(1n, { up: ${JSON.stringify(ADD_ONE)}, directives });
           await session.apply(up, given({ onPage: async () => void say('page') }));
           await session[Symbol.asyncDispose]();`,
        );
        let left = 1 + Math.floor(Math.random() * 9);
        const exit = once(child, 'exit');
        for await (const _ of createInterface(child.stdout as NodeJS.ReadableStream))
          if (--left === 0) child.kill('SIGKILL');
        const [code, signal] = await exit;
        if (code === 0) break;
        assert.equal(signal, 'SIGKILL');
        killed++;
      }
      assert.ok(killed >= 3, `killed ${killed} times`);
      assert.deepEqual(await counts(), { 1: 10_000 });
      assert.deepEqual(await rows(database), [['1', false]]);
      assert.deepEqual(await database.query('SELECT step FROM hawker_migration_backfill'), []);
    });

    it('stops behind a page when it is told to, tells how far it is, and goes on there', async () => {
      await table(1_000);
      const step = stepOf(ADD_ONE);
      await using session = await open();
      assert.equal(await session.look(step), 'not applied');
      const told: PagesDone[] = [];
      const onPage = async (done: PagesDone) => {
        told.push(done);
        return told.length === 3 ? ('paused' as const) : undefined;
      };
      assert.equal((await session.apply(step, given({ onPage }))).stopped, 'paused');
      assert.deepEqual(
        told.map(({ etaMs: _, ...done }) => done),
        [1, 2, 3].map((pages) => ({ pages, rows: pages * 100, written: pages * 100, rowsTotal: 1_000 })),
      );
      assert.deepEqual(await rows(database), [['1', true]]);
      assert.deepEqual(await session.look(step), { pagesDone: 3 });
      const { etaMs, ...left } = (await session.estimate(step)) ?? {};
      assert.deepEqual(left, { rows: 700, pages: 7 });
      assert.equal(typeof etaMs, 'number');
      const edited = stepOf(`-- edited\n${ADD_ONE}`);
      assert.equal(await session.look(edited), 'unknown');
      await failsWith(session.apply(edited, given()), 'migration_dirty');
      await session[Symbol.asyncDispose]();

      await using other = await open();
      assert.deepEqual(await other.look(step), { pagesDone: 3 });
      const { stopped } = await other.apply(step, given({ onPage: async (done) => void told.push(done) }));
      assert.equal(stopped, undefined);
      assert.deepEqual([told.at(-1)?.pages, told.at(-1)?.rows], [10, 1_000]);
      assert.deepEqual(await counts(), { 1: 1_000 });
      assert.equal(await other.look(step), 'applied');
      assert.deepEqual(await rows(database), [['1', false]]);
      const history = await other.history(10);
      assert.deepEqual(
        history.map(({ version, direction, checksum }) => [version, direction, checksum]),
        [[1n, 'up', step.migration.up?.checksum]],
      );
    });

    it('takes rows that are put behind its end while it runs', async () => {
      await table(250);
      await using session = await open();
      let pages = 0;
      await session.apply(
        stepOf(ADD_ONE),
        given({ onPage: async () => void (++pages <= 3 && (await fill(150, pages * 1_000))) }),
      );
      assert.deepEqual(await counts(), { 1: 700 });
    });

    for (const [type, values] of Object.entries(contract.keys))
      it(`goes over a key of the type ${type}`, async () => {
        await database.query(`CREATE TABLE t (id ${type} NOT NULL PRIMARY KEY, n bigint NOT NULL)`);
        for (const value of values) await database.query(`INSERT INTO t VALUES (${value}, 0)`);
        const step = stepOf('UPDATE t SET n = n + 1 WHERE n >= 0 /* +job page */', { batch: 2 });
        for (let left = true; left; ) {
          // Another connection each time: the checkpoint has been text in between.
          await using session = await open();
          const { stopped } = await session.apply(step, given({ onPage: async () => 'time over' }));
          left = stopped !== undefined;
        }
        assert.deepEqual(await counts(), { 1: values.length });
      });

    it('goes over a key of several columns', async () => {
      await database.query(
        'CREATE TABLE t (a bigint NOT NULL, b varchar(9) NOT NULL, c bigint NOT NULL, n bigint NOT NULL, PRIMARY KEY (a, b, c))',
      );
      const all = [1, 2, 3].flatMap((a) => ["'x'", "'y'"].flatMap((b) => [7, 8].map((c) => `(${a}, ${b}, ${c}, 0)`)));
      await database.query(`INSERT INTO t VALUES ${all.join(', ')}`);
      for (const batch of [1, 5]) {
        await using session = await open();
        const step = stepOf('UPDATE t SET n = n + 1 WHERE n >= 0 /* +job page */', { batch, key: ['a', 'b', 'c'] });
        await session.apply(step, given());
        await session.stamp({ version: undefined, dirty: false }, { ...given(), direction: 'force', name: '' });
      }
      assert.deepEqual(await counts(), { 2: 12 });
    });

    it('loses nothing and repeats nothing where its connection is lost', async (test) => {
      if (!database.sever) return test.skip('no connection that could be lost');
      await table(1_000);
      const step = stepOf(ADD_ONE);
      {
        await using session = await open();
        const onPage = async ({ pages }: PagesDone) => void (pages === 4 && (await database.sever?.(session)));
        await failsWith(session.apply(step, given({ onPage })), 'unavailable', 'outcome_unknown');
      }
      await using session = await open();
      assert.deepEqual(await session.look(step), { pagesDone: 4 });
      await session.apply(step, given());
      assert.deepEqual(await counts(), { 1: 1_000 });
    });

    it('is fenced off between two pages by a later term', async () => {
      await table(500);
      await using session = await open();
      await using other = await database.open();
      const onPage = async ({ pages }: PagesDone) => void (pages === 2 && (await other.raiseFence(TOKEN + 1)));
      await failsWith(session.apply(stepOf(ADD_ONE), given({ onPage })), 'lease_lost');
      assert.deepEqual(await counts(), { 0: 300, 1: 200 });
      await session.apply(stepOf(ADD_ONE), given({ token: TOKEN + 1 }));
      assert.deepEqual(await counts(), { 1: 500 });
    });

    it('stops between two pages when its signal says so', async () => {
      await table(500);
      await using session = await open();
      const stop = new AbortController();
      const onPage = async ({ pages }: PagesDone) => void (pages === 2 && stop.abort(new Error('enough')));
      await assert.rejects(session.apply(stepOf(ADD_ONE), given({ onPage, signal: stop.signal })), /enough/);
      assert.deepEqual(await session.look(stepOf(ADD_ONE)), { pagesDone: 2 });
      await session.apply(stepOf(ADD_ONE), given());
      assert.deepEqual(await counts(), { 1: 500 });
    });

    it('leaves no mark where its first page fails, and its checkpoint where a later one does', async () => {
      for (const [bad, state] of [
        [50, []],
        [350, [['1', true]]],
      ] as const) {
        await database.query('CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, n bigint NOT NULL, CHECK (n < 5))');
        await fill(500);
        await database.query(`UPDATE t SET n = 4 WHERE id = ${bad}`);
        await using session = await open();
        await failsWith(session.apply(stepOf(ADD_ONE), given()), 'migration_failed');
        assert.deepEqual(await rows(database), state);
        await database.query(`UPDATE t SET n = 0 WHERE id = ${bad}`);
        await session.apply(stepOf(ADD_ONE), given());
        assert.deepEqual(await counts(), { 1: 500 });
        await session.stamp({ version: undefined, dirty: false }, { ...given(), direction: 'force', name: '' });
        await database.query('DROP TABLE t');
      }
    });

    it('begins anew where the version was set by hand meanwhile', async () => {
      await table(300);
      await using session = await open();
      await session.apply(stepOf(ADD_ONE), given({ onPage: async () => 'cancelled' }));
      await session.stamp({ version: undefined, dirty: false }, { ...given(), direction: 'force', name: '' });
      await session.stamp({ version: 1n, dirty: true }, { ...given(), direction: 'force', name: '' });
      assert.equal(await session.look(stepOf(ADD_ONE)), 'unknown');
      await session.stamp({ version: undefined, dirty: false }, { ...given(), direction: 'force', name: '' });
      await session.apply(stepOf(ADD_ONE), given());
      assert.deepEqual(await counts(), { 1: 200, 2: 100 });
    });

    it('goes down in pages, too, and stamps at once where there are no rows', async () => {
      await table(300);
      const both = migration(1n, {
        up: ADD_ONE,
        down: 'UPDATE t SET n = n - 1 WHERE n > 0 /* +job page */',
        directives: paged(),
      });
      await using session = await open();
      await session.apply(both.up, given());
      assert.equal((await session.apply(both.down, given({ onPage: async () => 'paused' }))).stopped, 'paused');
      assert.deepEqual(await session.look(both.down), { pagesDone: 1 });
      await session.apply(both.down, given());
      assert.deepEqual(await counts(), { 0: 300 });
      assert.deepEqual(await rows(database), []);
      await database.query('DELETE FROM t');
      await session.apply(both.up, given());
      assert.deepEqual(await rows(database), [['1', false]]);
    });

    it('refuses a key that it cannot go by before it changes anything', async () => {
      await database.query('CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, n bigint NOT NULL, maybe bigint)');
      await database.query('INSERT INTO t VALUES (1, 0, 1), (2, 0, NULL)');
      await using session = await open();
      for (const [more, why] of [
        [{ key: ['maybe'] }, /1_fruit\.up\.sql: it cannot go over t by maybe: a row has no value there/],
        [{ key: ['gone'] }, /there is no column gone/],
        [{ table: 'gone' }, /there is no such table/],
      ] as const) {
        const step = stepOf('UPDATE t SET n = 1 WHERE n = 0 /* +job page */', more);
        await assert.rejects(session.apply(step, given()), why);
        await assert.rejects(session.estimate(step), why);
      }
      assert.deepEqual(await rows(database), []);
      assert.deepEqual(await counts(), { 0: 2 });
    });

    it('shows rows before and after without changing them', async () => {
      await table(300);
      await database.query('UPDATE t SET n = 7 WHERE id < 50');
      await using session = await open();
      const step = stepOf('UPDATE t SET n = n + 1 WHERE n = 0 /* +job page */');
      const samples = await session.preview(step, 2);
      assert.deepEqual(
        samples.map(({ key, before, after }) => [key, valuesOf(before), valuesOf(after)]),
        [
          ['50', { id: '50', n: '0' }, { id: '50', n: '1' }],
          ['51', { id: '51', n: '0' }, { id: '51', n: '1' }],
        ],
      );
      const [gone] = await session.preview(stepOf('DELETE FROM t WHERE n = 7 /* +job page */'), 1);
      assert.deepEqual([gone?.key, gone?.after], ['1', null]);
      assert.deepEqual(await counts(), { 0: 251, 7: 49 });
      const { rows, pages } = (await session.estimate(step)) ?? {};
      assert.deepEqual([rows, pages], [300, 3]);
      const other = migration(2n, { up: 'SELECT 1' }).up;
      assert.deepEqual([await session.estimate(other), await session.preview(other, 3)], [undefined, []]);
    });

    it('is one statement to whoever knows nothing of pages', async () => {
      await table(300);
      await database.query(`-- +job backfill t by id\n-- +job batch 10\n${ADD_ONE}`);
      assert.deepEqual(await counts(), { 1: 300 });
    });

    it('goes on in a database whose tables an older version made', async () => {
      await table(300);
      await using session = await open();
      await database.query('DROP TABLE hawker_migration_backfill');
      assert.equal(await session.look(stepOf(ADD_ONE)), 'not applied');
      await session.prepare();
      await session.apply(stepOf(ADD_ONE), given());
      assert.deepEqual(await counts(), { 1: 300 });
    });
  });
}

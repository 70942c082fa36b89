import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { given, migration, rows, until } from './contract-rig.ts';
import { inProcess, startSqlite } from './sqlite-rig.ts';

/** What a process does until the database is at version 20, with the lock or without it. */
const racing = (locked: boolean) => `
  await session.prepare();
  for (;;) {
    if (${locked} && !(await session.tryLock())) { await pause(5); continue; }
    const { version } = await session.state();
    if (version === 20n) break;
    const next = (version ?? 0n) + 1n;
    const up = next === 1n ? 'CREATE TABLE t (v)' : 'INSERT INTO t VALUES (' + next + ')';
    await session.apply(migration(next, { up }, version).up, given()).catch((error) => {
      if (${locked} || error.code !== 'conflict') throw error;
    });
    if (${locked}) await session.unlock();
  }
  await session[Symbol.asyncDispose]();`;

/** Each step fills a table in one transaction (odd versions), or in two that are its own and one of ours (even ones). */
const many = (table: string) =>
  `CREATE TABLE ${table} AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n;\n`;
const textOf = (version: bigint) =>
  version % 2n === 1n
    ? `${many(`a${version}`)}${many(`b${version}`)}${many(`c${version}`)}`
    : `PRAGMA foreign_keys = ON;\nBEGIN;\n${many(`a${version}`)}COMMIT;\n${many(`b${version}`)}BEGIN;\n${many(`c${version}`)}END;\n`;
const stepTo = (version: bigint) =>
  migration(version, { up: textOf(version) }, version === 1n ? undefined : version - 1n).up;

describe('processes on one SQLite file', { timeout: 120_000 }, () => {
  let database: ReturnType<typeof startSqlite>;
  beforeEach(() => {
    database = startSqlite();
  });
  afterEach(() => database.close());

  for (const locked of [true, false])
    it(`apply each migration once, ${locked ? 'with the lock' : 'without any lock too'}`, async () => {
      const children = Array.from({ length: 5 }, () => inProcess(database.path, racing(locked)));
      const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
      assert.deepEqual(codes, [0, 0, 0, 0, 0]);
      assert.deepEqual(await rows(database), [['20', false]]);
      assert.deepEqual(
        (await database.query('SELECT v FROM t ORDER BY rowid')).map(([v]) => v),
        Array.from({ length: 19 }, (_, n) => BigInt(n + 2)),
      );
      const history = await database.query('SELECT version FROM hawker_migration_history ORDER BY n');
      assert.deepEqual(
        history.flat(),
        Array.from({ length: 20 }, (_, n) => BigInt(n + 1)),
      );
    });

  it('tell who holds the lock, and free it when they are killed', async () => {
    const child = inProcess(database.path, 'say(String(await session.tryLock())); await pause(60_000);');
    assert.ok(child.stdout);
    const [said] = await once(createInterface(child.stdout), 'line');
    assert.equal(said, 'true');
    await using session = await database.open();
    assert.equal(await session.tryLock(), false);
    const [holder] = await session.holders();
    assert.match(holder?.session ?? '', new RegExp(`^${child.pid}\\.`));
    assert.equal(holder?.application, 'test');
    assert.match(holder?.since ?? '', /^\d{4}-.*Z$/);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.deepEqual(await session.holders(), []);
    assert.equal(await session.tryLock(), true);
  });

  it('leave a late step that can be gone on with when they are killed in its middle', async () => {
    const texts = [many('x'), 'BEGIN;\n', many('y'), 'COMMIT;\n', many('z')];
    const late = { ...migration(2n, { up: texts.join('') }).up, from: 3n, to: 3n };
    for (let killed = 1; killed <= texts.length; killed++) {
      const fresh = startSqlite();
      const child = inProcess(
        fresh.path,
        `await session.prepare();
         await session.tryLock();
         await session.apply(migration(1n, { up: '' }).up, given());
         await session.apply(migration(3n, { up: '' }, 1n).up, given());
         const { up } = migration(2n, { up: ${JSON.stringify(texts.join(''))} });
         await session.apply({ ...up, from: 3n, to: 3n }, given({ onStatement: () => say('statement') }));`,
      );
      assert.ok(child.stdout);
      let left = killed;
      for await (const _ of createInterface(child.stdout)) if (--left === 0) child.kill('SIGKILL');
      await using session = await fresh.open();
      await until(() => session.tryLock(), 'the lock of a killed process is free');
      const { version, dirty } = await session.state();
      assert.equal(version, 3n);
      const is = async () => (await session.history(9)).map((row) => row.version);
      const before = await is();
      if (dirty) {
        assert.deepEqual(before, [3n, 1n]);
        assert.notEqual(await session.look(late), 'unknown');
      }
      if (before.length === 2) await session.apply(late, given());
      assert.deepEqual([await session.state(), await is()], [{ version: 3n, dirty: false }, [2n, 3n, 1n]]);
      for (const table of ['x', 'y', 'z'])
        assert.deepEqual(await fresh.query(`SELECT count(*) FROM ${table}`), [[20_000n]]);
      await fresh.close();
    }
  });

  it('leave a version and a schema that agree when they are killed, ten times', async () => {
    for (let round = 0; round < 10; round++) {
      const child = inProcess(
        database.path,
        `await session.prepare();
         if (!(await session.tryLock())) throw new Error('locked');
         const textOf = ${textOf.toString()};
         const many = ${many.toString()};
         for (;;) {
           const { version, dirty } = await session.state();
           const next = dirty ? version : (version ?? 0n) + 1n;
           const { up } = migration(next, { up: textOf(next) }, next === 1n ? undefined : next - 1n);
           say('step');
           await session.apply(up, given({ onStatement: () => say('statement') }));
         }`,
      );
      assert.ok(child.stdout);
      // Another moment each time: in a transaction, in a marked step, between two.
      let left = 2 + ((round * 5) % 11);
      for await (const _ of createInterface(child.stdout)) if (--left === 0) child.kill('SIGKILL');
      await using session = await database.open();
      await until(() => session.tryLock(), 'the lock of a killed process is free');
      const { version = 0n, dirty } = await session.state();
      const applied = dirty ? version - 1n : version;
      const tables = new Set(
        (await database.query("SELECT name FROM sqlite_master WHERE name GLOB '[abc][0-9]*'")).flat(),
      );
      if (dirty) {
        const truth = await session.look(stepTo(version));
        const done = typeof truth === 'object' && 'statementsDone' in truth ? truth.statementsDone : 0;
        const k = truth === 'applied' ? 8 : done;
        assert.notEqual(truth, 'unknown');
        const there = ['a', 'b', 'c'].map((letter) => tables.delete(`${letter}${version}`));
        assert.deepEqual(there, [k >= 4, k >= 5, k >= 8], `${k} statements were done`);
      }
      const whole = Array.from({ length: Number(applied) }, (_, n) =>
        ['a', 'b', 'c'].map((letter) => `${letter}${n + 1}`),
      ).flat();
      assert.deepEqual(tables, new Set(whole));
      for (const table of whole) assert.deepEqual(await database.query(`SELECT count(*) FROM ${table}`), [[20_000n]]);
      if (dirty) await session.apply(stepTo(version), given());
      assert.deepEqual(await session.state(), { version: version || undefined, dirty: false });
    }
    assert.ok(Number((await rows(database))[0]?.[0]) >= 3, 'they came further');
  });
});

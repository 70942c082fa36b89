/** On the servers of POSTGRES_TEST_URL and MYSQL_TEST_URL, and on a SQLite file. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mysqlOf } from '../mysql/rig.ts';
import { serverOf, startPostgres } from '../postgres/rig.ts';
import { startSqlite } from '../sqlite-rig.ts';

const postgres = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');
const mysql = mysqlOf(process.env);

describe('sizes of tables', () => {
  it('are PostgreSQL’s own, partitions together', { skip: postgres.skip }, async () => {
    const database = await startPostgres(postgres.address);
    try {
      await database.query('create table "Big one" as select g from generate_series(1, 5000) g');
      await database.query('analyze "Big one"');
      await database.query('create table fresh as select g from generate_series(1, 70) g');
      await database.query('create table empty (id int)');
      await database.query('create table parts (id int) partition by hash (id)');
      for (const rest of [0, 1])
        await database.query(
          `create table part${rest} partition of parts for values with (modulus 2, remainder ${rest})`,
        );
      await database.query('insert into parts select generate_series(1, 1000)');
      await database.query('analyze parts');
      await database.query('create view seen as select 1');
      await using session = await database.open();
      const sizes = await session.sizes([
        'nowhere.at_all',
        'public."Big one"',
        'fresh',
        'empty',
        'parts',
        'seen',
        "'; drop",
      ]);
      assert.deepEqual(
        sizes.map(({ table, rows, bytes = 0 }) => [table, rows, bytes > 0]),
        [
          ['public."Big one"', 5000, true],
          ['fresh', 70, true],
          ['empty', 0, false],
          ['parts', 1000, true],
        ],
      );
      assert.deepEqual(await session.sizes([]), []);
    } finally {
      await database.close();
    }
  });

  it('are InnoDB’s estimate', { skip: mysql.skip }, async () => {
    const database = await mysql.start();
    try {
      await database.query('CREATE TABLE `big one` (id INT PRIMARY KEY)');
      await database.query('INSERT INTO `big one` VALUES (1), (2), (3)');
      await database.query('ANALYZE TABLE `big one`');
      await using session = await database.open();
      const [size, ...rest] = await session.sizes(['none', `${database.name}.\`big one\``]);
      assert.deepEqual([size?.rows, rest.length, (size?.bytes ?? 0) > 0], [3, 0, true]);
    } finally {
      await database.close();
    }
  });

  it('are counted in SQLite', async () => {
    const database = startSqlite();
    try {
      await using session = await database.open();
      await database.query('create table "big one" (id)');
      await database.query(
        'with n (x) as (select 1 union all select x + 1 from n where x < 100100) insert into "big one" select x from n',
      );
      await database.query('create table few (id integer primary key) without rowid');
      await database.query('insert into few values (7)');
      assert.deepEqual(await session.sizes(['"big one"', 'x', 'main.FEW']), [
        { table: '"big one"', rows: 100_100 },
        { table: 'main.FEW', rows: 1 },
      ]);
    } finally {
      await database.close();
    }
  });
});

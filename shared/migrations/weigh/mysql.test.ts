/** The server of MYSQL_TEST_URL is asked by `ALGORITHM=...`, which makes it refuse what it cannot do that way. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type MysqlUnderTest, mysqlOf } from '../mysql/rig.ts';
import { weighMysql } from './mysql.ts';

const { skip, start } = mysqlOf(process.env);

const ALTERS = [
  'ADD COLUMN d INT',
  'ADD COLUMN d INT NOT NULL DEFAULT 5',
  'ADD d INT FIRST',
  'ADD COLUMN d INT AS (a * 2) STORED',
  'ADD COLUMN d INT UNIQUE',
  'DROP COLUMN c',
  'RENAME COLUMN a TO z',
  'ALTER COLUMN a SET DEFAULT 9',
  'MODIFY a BIGINT',
  'CHANGE a z VARCHAR(20)',
  'ADD INDEX x (a)',
  'ADD UNIQUE x (id, a)',
  'ADD FULLTEXT x (c)',
  'DROP INDEX spare',
  'DROP PRIMARY KEY',
  'ADD FOREIGN KEY x (a) REFERENCES users (id)',
  'ADD CONSTRAINT x CHECK (a > 0)',
  'CONVERT TO CHARACTER SET utf8mb4',
  'ENGINE=InnoDB',
  'FORCE',
  'RENAME TO orders2',
  'ADD COLUMN d INT, ADD INDEX x (a)',
  'ADD COLUMN d INT, MODIFY a BIGINT',
];

describe('what is said of ALTER TABLE in MySQL', { skip }, () => {
  let database: MysqlUnderTest;
  before(async () => {
    database = await start();
    await database.query('CREATE TABLE users (id INT PRIMARY KEY)');
  });
  after(() => database?.close());

  for (const clause of ALTERS)
    it(`agrees with the server: ${clause}`, async () => {
      const said = weighMysql(`ALTER TABLE orders ${clause}`)[0]?.lock ?? '';
      let does = 'COPY';
      for (const algorithm of ['INSTANT', 'INPLACE', 'COPY']) {
        await database.query('DROP TABLE IF EXISTS orders, orders2');
        await database.query(
          'CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, a INT, c TEXT CHARACTER SET latin1, KEY spare (a))',
        );
        await database.query('INSERT INTO users VALUES (1) ON DUPLICATE KEY UPDATE id = 1');
        await database.query("INSERT INTO orders VALUES (1, 1, 'x')");
        const done = await database.query(`ALTER TABLE orders ${clause}, ALGORITHM=${algorithm}`).then(
          () => true,
          (error: { errno?: number }) => {
            // ER_ALTER_OPERATION_NOT_SUPPORTED, with a reason or without.
            if (error.errno !== 1845 && error.errno !== 1846) throw error;
            return false;
          },
        );
        does = algorithm;
        if (done) break;
      }
      assert.equal(said, does);
    });
});

describe('a script for MySQL', () => {
  it('tells which tables its statements are about', () => {
    const told = weighMysql(
      "CREATE TABLE IF NOT EXISTS a (id INT); ALTER ONLINE TABLE `a` MODIFY id BIGINT; CREATE UNIQUE INDEX x ON shop.b (c(10)); DROP TABLE IF EXISTS c, `d e`; UPDATE f SET g = 1; RENAME TABLE h TO i; -- ALTER TABLE z\nINSERT INTO j VALUES ('ALTER TABLE x');",
    ).map(({ lock, blocks, tables, line }) => [lock, blocks, tables.map(({ name }) => name).join(' '), line]);
    assert.deepEqual(told, [
      ['none', 'nothing', 'a', 1],
      ['COPY', 'nothing', 'a', 1],
      ['INPLACE', 'nothing', 'shop.b', 1],
      ['none', 'reads and writes', 'c `d e`', 1],
      ['ROWS', 'nothing', 'f', 1],
      ['INSTANT', 'nothing', 'h', 1],
      ['ROWS', 'nothing', 'j', 2],
    ]);
  });
});

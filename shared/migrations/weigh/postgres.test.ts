/** What we say of a statement's lock is compared with what the server holds after it, and what we say of rewriting with whether the table has another file. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type PostgresUnderTest, serverOf, startPostgres } from '../postgres/rig.ts';
import { weighPostgres } from './postgres.ts';

const server = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');

const SETUP = `
  create table users (id int primary key);
  create table orders (id int primary key, a int, b varchar(10), c text, ck int, constraint known check (ck > 0) not valid);
  insert into orders select g, 1, 'x', 'y', 1 from generate_series(1, 10) g;
  create unique index spare on orders (id);
  create function f() returns trigger language plpgsql as 'begin return new; end';
  create trigger old before insert on orders for each row execute function f();
  create table parts (id int) partition by list (id);
  create table part1 partition of parts for values in (1);
  create table loose (id int);
  create materialized view sums as select id from orders;
`;

/** Each on a table of SETUP, the first one that is told, in a transaction that is rolled back. */
const STATEMENTS = [
  'alter table orders add column d int',
  'alter table orders add column d int default 5',
  'alter table orders add column d timestamptz default now()',
  'alter table orders add column d int not null default 7 check (d > 0)',
  'alter table orders add column d float default random()',
  'alter table orders add column d uuid default gen_random_uuid()',
  'alter table orders add column d bigserial',
  'alter table orders add column d int generated always as identity',
  'alter table orders add column d int generated always as (a * 2) stored',
  'alter table orders add column d int unique',
  'alter table orders add column d int references users',
  'alter table orders drop column a',
  'alter table orders alter a set default 4',
  'alter table orders alter a drop default',
  'alter table orders alter a set not null',
  'alter table orders alter a drop not null',
  'alter table orders alter a set statistics 10',
  'alter table orders alter a set (n_distinct = 5)',
  'alter table orders alter c set storage external',
  'alter table orders add constraint x check (a > 0)',
  'alter table orders add constraint x check (a > 0) not valid',
  'alter table orders add constraint x foreign key (a) references users not valid',
  'alter table orders add unique (c, id)',
  'alter table orders add constraint x unique using index spare',
  'alter table orders validate constraint known',
  'alter table orders drop constraint known',
  'alter table orders rename to orders2',
  'alter table orders rename a to z',
  'alter table orders rename constraint known to unknown',
  'alter table orders set (fillfactor = 50)',
  'alter table orders set (autovacuum_enabled = false, user_catalog_table = false)',
  'alter table orders set unlogged',
  'alter table orders disable trigger old',
  'alter table orders enable row level security',
  'alter table orders replica identity full',
  'alter table orders owner to current_user',
  'alter table orders cluster on spare',
  'alter table parts attach partition loose for values in (2)',
  'alter table parts detach partition part1',
  'create table part3 partition of parts for values in (3)',
  'create table heirs () inherits (orders)',
  'create table refs (id int references users)',
  'create index on orders (a)',
  'create trigger t after insert on orders for each row execute function f()',
  'drop trigger old on orders',
  'create policy p on orders',
  'create rule r as on delete to orders do instead nothing',
  'create statistics st on a, id from orders',
  'create view v as select * from orders',
  'create table copied as select * from orders',
  "comment on table orders is 'x'",
  "comment on column orders.a is 'x'",
  'reindex table orders',
  'cluster orders using spare',
  'analyze orders',
  'lock table orders in share mode',
  'refresh materialized view sums',
  'insert into orders values (99)',
  'update orders set a = 2',
  'delete from orders',
  'select * from orders',
  'select * from orders for update',
  'truncate orders',
  'drop table orders cascade',
];

const RANK = [
  ...['none', 'AccessShareLock', 'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock'],
  ...['ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'],
];
const lockNamed = (mode: string) =>
  `${mode.toLowerCase().replaceAll(/(?:^| )(.)/g, (_, letter) => letter.toUpperCase())}Lock`;

describe('what is said of a statement for PostgreSQL', { skip: server.skip }, () => {
  let database: PostgresUnderTest;
  before(async () => {
    database = await startPostgres(server.address);
    for (const sql of SETUP.split(';\n')) if (sql.trim()) await database.query(sql);
  });
  after(() => database?.close());

  for (const sql of STATEMENTS)
    it(`agrees with the server: ${sql}`, async () => {
      const [weighed] = await weighPostgres(sql);
      assert.ok(weighed);
      const table = weighed.tables.find(({ created }) => !created)?.name ?? '';
      await database.query('begin');
      try {
        const [[oid, file] = []] = await database.query(
          `select oid, pg_relation_filenode(oid) from pg_class where oid = '${table}'::regclass`,
        );
        await database.query(sql);
        const held = await database.query(
          `select mode from pg_locks where pid = pg_backend_pid() and relation = ${oid} and granted`,
        );
        const strongest = held
          .map(([mode]) => String(mode))
          .reduce((one, other) => (RANK.indexOf(one) > RANK.indexOf(other) ? one : other), 'none');
        assert.equal(strongest, lockNamed(weighed.lock));
        const [[now] = []] = await database.query(`select pg_relation_filenode(oid) from pg_class where oid = ${oid}`);
        // TRUNCATE and DROP leave no row to rewrite.
        const rewritten = now !== undefined && now !== file && !sql.startsWith('truncate');
        assert.equal(rewritten ? 'yes' : 'no', weighed.rewrite);
      } finally {
        await database.query('rollback');
      }
    });

  it('leaves open what depends on the type that the column had', async () => {
    for (const [type, rewritten] of [
      ['varchar(20)', false],
      ['text', false],
      ['int using 1', true],
    ] as const) {
      await database.query('begin');
      const file = await database.query("select pg_relation_filenode('orders')");
      const sql = `alter table orders alter b type ${type}`;
      await database.query(sql);
      const now = await database.query("select pg_relation_filenode('orders')");
      await database.query('rollback');
      assert.equal(String(file) !== String(now), rewritten, type);
      assert.equal((await weighPostgres(sql))[0]?.rewrite, 'maybe');
    }
  });
});

describe('a script for PostgreSQL', () => {
  it('blocks nobody at a table that it made itself', async () => {
    const [made, changed, other] = await weighPostgres(
      'create table a (id int);\n-- next\nalter table a add b int not null default random();\n/* /* x */ */ alter table c add b int;',
    );
    assert.deepEqual([made?.blocks, changed?.blocks, changed?.rewrite], ['nothing', 'nothing', 'no']);
    assert.deepEqual([changed?.line, other?.line, other?.blocks], [3, 4, 'reads and writes']);
    assert.equal(other?.sql, 'alter table c add b int');
  });

  it('is found in its place behind characters of several bytes', async () => {
    const [, second] = await weighPostgres("select '€😀';\nselect 'ä' from t;");
    assert.deepEqual([second?.sql, second?.line], ["select 'ä' from t", 2]);
  });
});

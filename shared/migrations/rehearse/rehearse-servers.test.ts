/** Rehearsals on a PostgreSQL in this process, and on servers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../../errors.ts';
import { pairs, rehearseFiles, targetOf } from './rig.ts';

const CI = process.env['CI'] === 'true';
const skipOf = (name: string) => {
  if (CI && !process.env[name]) throw new Error(`${name} is not set`);
  return process.env[name] ? false : `${name} is not set`;
};
const lines = ({ problems }: Awaited<ReturnType<typeof rehearseFiles>>) =>
  problems.map(({ version, kind, detail }) => `${version} ${kind}: ${detail}`);

const POSTGRES = pairs({
  '1 fruit': [
    "create table fruit (id bigint primary key, name text not null);\ncreate type ripe as enum ('no', 'yes');",
    'drop type ripe;\ndrop table fruit;',
  ],
  '2 index': ['create index concurrently by_name on fruit (name);', 'drop index concurrently by_name;'],
  '3 own': ['begin;\nalter table fruit add column colour text;\ncommit;', 'alter table fruit drop column colour;'],
  '4 value': ["alter type ripe add value 'soon';", "select 'an enum keeps its values';"],
  '5 function': [
    'create function twice(n int) returns int language sql as $$ select n * 2; $$;\ncreate view names as select name from fruit;',
    'drop view names;\ndrop function twice(int);',
  ],
});

describe('a rehearsal of PostgreSQL', () => {
  it('runs in this process what will run: concurrently, in transactions of its own, with extensions', async () => {
    const files = {
      ...POSTGRES,
      ...pairs({
        '6 extension': [
          'create extension "uuid-ossp";\ncreate extension citext;',
          'drop extension citext, "uuid-ossp";',
        ],
        '7 mail': ['create table mail (id uuid default gen_random_uuid());', ''],
      }),
    };
    const told = await rehearseFiles(targetOf('postgres'), files);
    assert.deepEqual([told.engine, told.ok, told.steps.length], ['pglite', false, 7]);
    assert.deepEqual(
      lines(told).map((line) => line.slice(0, 62)),
      [
        '7 down differs: left over: relation public mail r -',
        '4 down differs: left over: enum public ripe no,yes,soon; missi',
        '7 failed: applied a second time: 7_mail.up.sql: statement 1 of',
      ].map((line) => line.slice(0, 62)),
    );
    assert.equal(
      told.steps.every(({ up, down }) => up && down),
      true,
    );
  });

  it('says what a PostgreSQL in this process lacks, and that a scratch server has it', async () => {
    const told = await rehearseFiles(
      targetOf('postgres'),
      pairs({ '1 a': ['create table a (id int);', 'drop table a;'], '2 geo': ['create extension postgis;', ''] }),
    );
    assert.equal(told.steps.length, 1);
    assert.match(lines(told)[0] ?? '', /^2 failed: 2_geo.*"postgis" is not available.*name a scratch server/s);
  });

  it('is given up while it begins', async () => {
    const giveUp = new AbortController();
    const reason = new Error('given up');
    const files = pairs({ '1 long': ['select 1 from generate_series(1, 1e12) a;', ''] });
    const going = rehearseFiles(targetOf('postgres'), files, { signal: giveUp.signal });
    setImmediate(() => giveUp.abort(reason));
    await assert.rejects(going, reason);
  });
});

describe('a rehearsal on a PostgreSQL server', { skip: skipOf('POSTGRES_TEST_URL') }, () => {
  const server = process.env['POSTGRES_TEST_URL'] ?? '';
  const target = targetOf('postgres', { rehearse: { address: { from: 'variable', name: 'SCRATCH' } } });
  const left = async () => {
    const { Client } = await import('../pg-client.ts');
    const client = new Client({ connectionString: server });
    await client.connect();
    const { rows } = await client.query("select datname from pg_database where datname like 'hawker_rehearsal_%'");
    await client.end();
    return rows.map(({ datname }) => datname as string).sort();
  };

  it('finds the same as one in this process, and drops its database', async () => {
    const before = await left();
    const told = await rehearseFiles(target, POSTGRES, { env: { SCRATCH: server } });
    assert.deepEqual([told.engine, told.steps.length], ['scratch', 5]);
    assert.match(lines(told).join('\n'), /^4 down differs: left over: enum public ripe no,yes,soon/);
    assert.equal(told.problems.length, 1);
    assert.deepEqual(await left(), before);
  });

  it('drops its database when it is given up, and when a step fails', async () => {
    const before = await left();
    const reason = new Error('given up');
    const giveUp = new AbortController();
    const files = pairs({ '1 long': ['select pg_sleep(60);', ''] });
    const going = rehearseFiles(target, files, { env: { SCRATCH: server }, signal: giveUp.signal });
    going.catch(() => {});
    for (let made = await left(); made.length === before.length; made = await left());
    giveUp.abort(reason);
    await assert.rejects(going, reason);
    const failing = await rehearseFiles(target, pairs({ '1 a': ['select nothing;', ''] }), {
      env: { SCRATCH: server },
    });
    assert.equal(failing.ok, false);
    assert.deepEqual(await left(), before);
  });
});

describe('a rehearsal on a MySQL server', { skip: skipOf('MYSQL_TEST_URL') }, () => {
  const server = process.env['MYSQL_TEST_URL'] ?? '';
  const target = targetOf('mysql', { rehearse: { address: { from: 'variable', name: 'SCRATCH' } } });
  const env = { SCRATCH: server };
  const left = async () => {
    const { connect } = await import('../mysql-client.ts');
    const { parseAddress } = await import('../mysql/address.ts');
    const wire = await connect(
      { ...parseAddress(new URL('/x', server).href, 'x'), database: '' },
      'hawker test',
      () => {},
    );
    const { rows } = await wire.run("SHOW DATABASES LIKE 'hawker\\_rehearsal\\_%'");
    await wire.end();
    return rows.flat().map(String).sort();
  };

  it('goes up, down and up again, tells what is left over, and drops its database', async () => {
    const before = await left();
    const files = pairs({
      '1 fruit': ['CREATE TABLE fruit (id INT PRIMARY KEY, name VARCHAR(20), price INT);', 'DROP TABLE fruit;'],
      '2 nameless': ['ALTER TABLE fruit DROP COLUMN name;', 'ALTER TABLE fruit ADD COLUMN name VARCHAR(20);'],
      '3 index': [
        'CREATE INDEX by_price ON fruit (price);\nCREATE VIEW prices AS SELECT price FROM fruit;',
        'DROP VIEW prices;',
      ],
    });
    const told = await rehearseFiles(target, files, { env });
    assert.deepEqual([told.engine, told.ok, told.steps.length], ['scratch', false, 3]);
    assert.match(lines(told)[0] ?? '', /^3 down differs: left over: index fruit by_price/);
    assert.equal(told.problems.length, 1, 'the order of columns is no matter');
    assert.deepEqual(await left(), before);
  });

  it('stops at a file that failed half-way, and drops its database all the same', async () => {
    const before = await left();
    const files = pairs({
      '1 half': ['CREATE TABLE half (id INT);\nINSERT INTO nowhere VALUES (1);', 'DROP TABLE half;'],
      '2 never': ['CREATE TABLE never (id INT);', 'DROP TABLE never;'],
    });
    const told = await rehearseFiles(target, files, { env });
    assert.deepEqual([told.ok, told.steps, told.problems.length], [false, [], 1]);
    assert.match(lines(told)[0] ?? '', /^1 failed: 1_half\.up\.sql.*nowhere/);
    assert.deepEqual(await left(), before);
  });

  it('is refused on the server of the target itself, where a script may name its database', async () => {
    const own = { ...target, address: { from: 'variable', name: 'OWN' } } as const;
    await assert.rejects(rehearseFiles(own, {}, { env: { ...env, OWN: new URL('/shop', server).href } }), (error) => {
      assert.ok(isAppError(error, 'migration_refused'));
      assert.match(error.message, /must be another one than its own/);
      return true;
    });
  });
});

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, it } from 'node:test';
import { isAppError } from '../../errors.ts';
import { pairs, rehearseFiles, targetOf } from './rig.ts';

const sqlite = targetOf('sqlite');
const short = ({ problems }: Awaited<ReturnType<typeof rehearseFiles>>) =>
  problems.map(({ version, direction, kind, detail }) => `${version} ${direction} ${kind}: ${detail}`);
const foldersLeft = () => readdirSync(tmpdir()).filter((name) => name.startsWith('hawker-rehearsal-'));

describe('a rehearsal of SQLite', { concurrency: 1 }, () => {
  it('goes up, down and up again, with tables, indexes, views and triggers, and leaves no file', async () => {
    const before = foldersLeft();
    const told = await rehearseFiles(
      sqlite,
      pairs({
        '1 fruit': ["CREATE TABLE fruit (id INTEGER PRIMARY KEY, name TEXT CHECK (name <> ''));", 'DROP TABLE fruit;'],
        '2 seen': [
          'CREATE VIEW names AS SELECT name FROM fruit;\nCREATE TRIGGER loud AFTER INSERT ON fruit BEGIN UPDATE fruit SET name = upper(name); END;\nCREATE INDEX by_name ON fruit (name);',
          'DROP INDEX by_name;\nDROP TRIGGER loud;\nDROP VIEW names;',
        ],
        '3 apart': [
          '-- +job no-transaction\nALTER TABLE fruit ADD COLUMN colour TEXT;',
          'ALTER TABLE fruit DROP COLUMN colour;',
        ],
      }),
    );
    assert.deepEqual([told.ok, told.engine, told.problems], [true, 'sqlite', []]);
    assert.deepEqual(
      told.steps.map(({ version, name, up, down, upAgain }) => [version, name, Boolean(up && down && upAgain)]),
      [
        [1n, 'fruit', true],
        [2n, 'seen', true],
        [3n, 'apart', true],
      ],
    );
    assert.deepEqual(foldersLeft(), before);
  });

  it('finds an index that a way back forgets, once, and what comes of it', async () => {
    const told = await rehearseFiles(
      sqlite,
      pairs({
        '1 fruit': ['CREATE TABLE fruit (id INTEGER, name TEXT);', 'DROP TABLE fruit;'],
        '2 more': ['CREATE TABLE more (id INTEGER);', 'DROP TABLE more;'],
        '3 index': ['CREATE INDEX by_name ON fruit (name);', ''],
      }),
    );
    assert.equal(told.ok, false);
    const [first, ...rest] = short(told);
    assert.match(first ?? '', /^3 down down differs: left over: index by_name of fruit "create index by_name/);
    assert.deepEqual(rest, [], 'its table took it along at last');
  });

  it('finds a way back that drops too much, and lays it to nobody else', async () => {
    const told = await rehearseFiles(
      sqlite,
      pairs({
        '1 fruit': ['CREATE TABLE fruit (id INTEGER, name TEXT);', 'SELECT 1;'],
        '2 colour': ['CREATE TABLE colour (id INTEGER);', 'DROP TABLE colour;\nDROP TABLE fruit;'],
      }),
    );
    assert.deepEqual(short(told), ['2 down down differs: missing: table fruit 0 0']);
  });

  it('finds a second way up that ends elsewhere', async () => {
    const told = await rehearseFiles(
      sqlite,
      pairs({
        '1 kept': ['CREATE TABLE kept (id INTEGER);', '-- kept'],
        '2 once': ['CREATE TABLE once (id INTEGER);', '-- kept too'],
      }),
    );
    const all = short(told);
    assert.match(all[0] ?? '', /^2 down down differs: left over: table once/);
    assert.match(all[1] ?? '', /^1 down down differs: left over: table kept/);
    assert.match(all[2] ?? '', /^1 up failed: applied a second time: 1_kept\.up\.sql.*already exists/);
    assert.equal(all.length, 3);
  });

  it('does not mind the order of columns', async () => {
    const told = await rehearseFiles(
      sqlite,
      pairs({
        '1 fruit': ['CREATE TABLE fruit (id INTEGER, name TEXT, price INTEGER);', 'DROP TABLE fruit;'],
        '2 nameless': ['ALTER TABLE fruit DROP COLUMN name;', 'ALTER TABLE fruit ADD COLUMN name TEXT;'],
      }),
    );
    assert.deepEqual([told.ok, short(told)], [true, []]);
  });

  it('tells of the steps before one that fails, and rehearses those', async () => {
    const told = await rehearseFiles(
      sqlite,
      pairs({
        '1 fruit': ['CREATE TABLE fruit (id INTEGER);', 'DROP TABLE fruit;'],
        '2 wrong': ['CREATE TABLE half (id INTEGER);\nINSERT INTO nowhere VALUES (1);', 'DROP TABLE half;'],
        '3 never': ['CREATE TABLE never (id INTEGER);', 'DROP TABLE never;'],
      }),
    );
    assert.deepEqual(
      told.steps.map(({ version, upAgain }) => [version, upAgain !== undefined]),
      [[1n, true]],
    );
    assert.equal(told.problems.length, 1);
    assert.match(short(told)[0] ?? '', /^2 up failed: 2_wrong\.up\.sql.*nowhere/);
  });

  it('notes what has no way back, and rehearses what is above and below it', async () => {
    const told = await rehearseFiles(
      sqlite,
      pairs({
        '1 fruit': ['CREATE TABLE fruit (id INTEGER);', 'DROP TABLE fruit;'],
        '2 final': ['CREATE TABLE final (id INTEGER);'],
        '3 above': ['CREATE TABLE above (id INTEGER);', 'DROP TABLE above;'],
        '4 said': ['-- +job irreversible\nDROP TABLE fruit;', '-- none'],
        '5 top': ['CREATE TABLE top (id INTEGER);', ''],
      }),
    );
    assert.deepEqual(
      told.steps.map(({ version, down, upAgain }) => [version, Boolean(down), Boolean(upAgain)]),
      [
        [1n, true, true],
        [2n, false, false],
        [3n, true, true],
        [4n, false, false],
        [5n, true, false],
      ],
    );
    assert.deepEqual(
      short(told).map((line) => line.slice(0, 60)),
      [
        '2 down no way back: there is no file that takes it back',
        '4 down no way back: 4_said.up.sql says that it is irreversib',
        '5 down down differs: left over: table top 0 0',
        '5 up failed: applied a second time: 5_top.up.sql: statement ',
      ].map((line) => line.slice(0, 60)),
    );
  });

  it('is ok where nothing but a way back is wanting, and with no migration at all', async () => {
    assert.equal((await rehearseFiles(sqlite, pairs({ '1 a': ['CREATE TABLE a (id INTEGER);'] }))).ok, true);
    assert.deepEqual((await rehearseFiles(sqlite, {})).steps, []);
  });

  it('is given up between two steps, and leaves no file', async () => {
    const before = foldersLeft();
    const reason = new Error('given up');
    await assert.rejects(rehearseFiles(sqlite, {}, { signal: AbortSignal.abort(reason) }), reason);
    const files = pairs(Object.fromEntries(Array.from({ length: 300 }, (_, k) => [`${k + 1} m`, ['SELECT 1;', '']])));
    const giveUp = new AbortController();
    const going = rehearseFiles(sqlite, files, { signal: giveUp.signal });
    await new Promise((resolve) => setImmediate(resolve));
    giveUp.abort(reason);
    await assert.rejects(going, reason);
    assert.deepEqual(foldersLeft(), before);
  });
});

describe('what cannot be rehearsed', () => {
  it('is refused, and told what would help', async () => {
    for (const [kind, words] of [
      ['mysql', /MySQL cannot be rehearsed in this process; name a scratch server/],
      ['firestore', /Firestore has no schema/],
    ] as const)
      await assert.rejects(rehearseFiles(targetOf(kind), {}), (error) => {
        assert.ok(isAppError(error, 'migration_refused'));
        assert.match(error.message, words);
        return true;
      });
  });

  it('never shows an address', async () => {
    const target = targetOf('mysql', { rehearse: { address: { from: 'variable', name: 'SCRATCH' } } });
    for (const SCRATCH of ['postgres://u:hush-hush@127.0.0.1/x', 'hush-hush', 'mysql://u:hush-hush@127.0.0.1:9/'])
      await assert.rejects(rehearseFiles(target, {}, { env: { SCRATCH } }), (error) => {
        assert.ok(isAppError(error, 'not_configured') || isAppError(error, 'unavailable'), String(error));
        assert.doesNotMatch(error.message, /hush/);
        return true;
      });
  });
});

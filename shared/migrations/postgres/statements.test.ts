import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { mayBeOutside, NoSql, parseScript } from './statements.ts';

describe('parseScript', () => {
  it('finds each statement where it stands, whatever the script is made of', async () => {
    const pieces = fc.constantFrom(
      'select 1',
      "select 'é;😀'",
      'create function f() returns int language sql begin atomic select 1; select 2; end',
      "do $$ begin perform ';'; end $$",
      'create function g() returns void language plpgsql as $body$ begin perform 1; end $body$',
      "select E'\\';', $a$;$a$, 'it''s;'",
      'begin',
      'commit',
    );
    const gaps = fc.constantFrom('', '\n', ' -- é; 😀\n', '/* ; /* nested; */ */', '\r\n\t');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(gaps, pieces, gaps), { maxLength: 12 }), gaps, async (parts, end) => {
        const text = parts.map(([before, sql, after]) => `${before}${sql}${after}`).join(';') + end;
        const { statements, units } = await parseScript(text);
        assert.equal(statements.length, parts.length);
        for (const [k, { text: one, start }] of statements.entries()) {
          assert.equal(text.slice(start, start + one.length), one);
          assert.ok(one.includes(parts[k]?.[1] ?? '?'));
        }
        // Each statement is in exactly one unit, in order.
        assert.deepEqual(
          units.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, k) => from + k)),
          statements.map((_, k) => k),
        );
      }),
    );
  });

  it('knows what PostgreSQL refuses within a transaction, or what would end it', async () => {
    const outside = [
      ...['create index concurrently a on b (c)', 'drop index concurrently a', 'reindex (concurrently) table a'],
      ...['reindex index concurrently a', 'reindex database a', 'vacuum a', 'vacuum full', 'cluster'],
      ...['create database a', 'drop database a', "create tablespace a location '/a'", 'alter system set a = 1'],
      ...["alter type a add value 'x'", 'alter table a detach partition b concurrently', 'set transaction read only'],
      ...[
        'begin',
        'start transaction',
        'commit',
        'end',
        'rollback',
        'abort',
        "prepare transaction 'a'",
        'commit and chain',
      ],
      ...["create subscription a connection '' publication b", 'drop subscription a'],
    ];
    const inside = [
      ...['create index a on b (c)', 'drop index a', 'reindex table a', 'analyze a', 'cluster a', 'savepoint a'],
      ...[
        'rollback to savepoint a',
        'release a',
        "alter type a rename value 'x' to 'y'",
        'alter table a detach partition b',
      ],
      ...[
        'set search_path = a',
        'do $$ begin commit; end $$',
        "select 'commit'",
        'call a()',
        'create type a as enum ()',
      ],
    ];
    for (const sql of outside) {
      assert.ok((await parseScript(`select 1; ${sql}; select 2`)).outside, sql);
      assert.ok(mayBeOutside(sql.toUpperCase()), sql);
    }
    assert.ok(!mayBeOutside('create table ended (begins int)'));
    for (const sql of inside) assert.equal((await parseScript(`select 1; ${sql}; select 2`)).outside, undefined, sql);
  });

  it('takes what stands between its own BEGIN and COMMIT together', async () => {
    const { units, unended } = await parseScript(
      'select 1; begin; select 2; savepoint a; commit; vacuum; begin; abort',
    );
    assert.deepEqual(units, [
      { from: 0, to: 1, own: false },
      { from: 1, to: 5, own: true },
      { from: 5, to: 6, own: false },
      { from: 6, to: 8, own: true },
    ]);
    assert.equal(unended, false);
    assert.equal((await parseScript('begin; select 1')).unended, true);
    assert.equal((await parseScript('begin; select 1; commit and chain; select 2')).unended, true);
  });

  it('tells the place of what is no SQL in code points', async () => {
    await assert.rejects(parseScript("select '😀é', frm( from"), (error) => {
      assert.ok(error instanceof NoSql);
      return error.position === 18;
    });
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KINDS } from '../target.ts';
import { weighSqlite } from './sqlite.ts';
import { weighScript } from './weigh.ts';

describe('a script for SQLite', () => {
  it('locks the file, for as long as the statement takes', () => {
    const told = weighSqlite(
      'create temp table if not exists a (id int); alter table "a" drop column id; create unique index i on b (c); insert or ignore into [d e] values (1); update or replace f set g = 1; delete from h; vacuum; pragma user_version;',
    ).map(({ lock, rewrite, tables }) => [lock, rewrite, tables.map(({ name }) => name).join(' ')]);
    assert.deepEqual(told, [
      ['database', 'no', 'a'],
      ['database', 'no', 'a'],
      ['database', 'no', 'b'],
      ['database', 'no', '[d e]'],
      ['database', 'no', 'f'],
      ['database', 'no', 'h'],
      ['database', 'yes', ''],
      ['none', 'no', ''],
    ]);
  });
});

describe('weighing', () => {
  it('never throws, and each statement stands in the text', async () => {
    const piece = fc.constantFrom(
      'alter table ',
      'a',
      '.',
      '`',
      '"',
      "'",
      ' add ',
      'column ',
      '(',
      ')',
      ',',
      ';',
      '\n',
      '-- ',
      '/*',
      '*/',
      'on ',
      'create index ',
      '$$',
      'é😀',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece).map((parts) => parts.join('')),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...KINDS), text, async (kind, script) => {
        const lines = script.split('\n').length;
        for (const { sql, line } of await weighScript(kind, script)) {
          assert.ok(script.includes(sql));
          assert.ok(line >= 1 && line <= lines);
        }
      }),
      { numRuns: 300 },
    );
  });
});

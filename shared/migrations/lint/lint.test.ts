import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sampleTarget } from '../sample.ts';
import { KINDS, type Kind } from '../target.ts';
import { lintFiles } from './lint.ts';
import { readLintFiles } from './read-lint-files.ts';
import { RULES } from './rules.ts';
import { sarifOf } from './sarif.ts';

/** `rule@line:column` of what is said of one up file that has a way back. */
async function said(kind: Kind, up: string, down = '-- +job irreversible\n'): Promise<string[]> {
  const findings = await lintFiles({ '1_a.up.sql': up, '1_a.down.sql': down }, kind);
  return findings.map(
    ({ rule, line, column, file }) => `${file.includes('.down.') ? 'down ' : ''}${rule}@${line}:${column}`,
  );
}

describe('lint of files', () => {
  it('says nothing of the sample but what its makers would', async () => {
    const files = await readLintFiles(sampleTarget('/none').folder);
    const rules = (await lintFiles(files, 'sqlite')).map(({ rule }) => rule);
    assert.deepEqual(rules, []);
  });

  it('finds what is wrong with names, pairs and line ends', async () => {
    const findings = await lintFiles(
      {
        '1_a.up.sql': 'select 1;\r\n',
        '01_b.up.sql': 'select 1;',
        '2_c.up.sql': 'select 1;',
        '2_c.down.sql': '-- nothing\n',
        '3_d.sql': '',
        'V4__e.sql': '',
        '99999999999999999999_f.up.sql': '',
        'README.md': '',
        '5_g.up.sql': '-- x\n-- +job no-transactoin\nselect 1;',
        '5_g.down.sql': '-- +job irreversible',
      },
      'postgres',
      { late: [2n] },
    );
    assert.deepEqual(
      findings.map(({ file, rule, line, version = '' }) => [file, rule, line, version].join(' ')).sort(),
      [
        '01_b.up.sql down-missing 1 1',
        '1_a.up.sql crlf 1 1',
        '1_a.up.sql duplicate-version 1 1',
        '2_c.down.sql down-empty 1 2',
        '2_c.up.sql late-version 1 2',
        '3_d.sql ignored-name 1 ',
        '5_g.up.sql bad-directive 2 5',
        '99999999999999999999_f.up.sql ignored-name 1 ',
        'V4__e.sql ignored-name 1 ',
      ],
    );
  });

  it('heeds comments that ignore rules, and names those that do not exist', async () => {
    const drop = 'drop table a;\n';
    assert.deepEqual(await said('postgres', `-- +job ignore ban-drop-table\n${drop}${drop}`), []);
    assert.deepEqual(await said('postgres', `select 1;\n-- +job ignore ban-drop-table, crlf\n${drop}${drop}`), [
      'ban-drop-table@4:1',
    ]);
    assert.deepEqual(await said('mysql', `-- squawk-ignore ban-drop-table\n${drop}`), []);
    assert.deepEqual(await said('postgres', `-- squawk-ignore prefer-robust-stmts\nselect 1;`), []);
    assert.deepEqual(await said('postgres', `select 1;\n  -- +job ignore ban-drop-tabel\n${drop}`), [
      'unknown-rule@2:18',
      'ban-drop-table@3:1',
    ]);
    assert.deepEqual(await said('postgres', `select '\n-- +job ignore ban-drop-table\n';\n${drop}`), [
      'ban-drop-table@4:1',
    ]);
  });

  it('tells the place behind characters of several bytes', async () => {
    assert.deepEqual(
      await said('postgres', "select '😀é';\n/* € */ alter table a\n  drop column b, add column c int;"),
      ['ban-drop-column@2:9', 'prefer-bigint-over-int@3:31'],
    );
    assert.deepEqual(await said('postgres', "select '😀'\nfrom from;"), ['syntax-error@2:6']);
  });

  it('finds what a way back leaves behind', async () => {
    const up =
      'create table a (id bigint); create index i on a (id); alter table b add column c text; create index concurrently j on b (c);';
    const rules = await said('postgres', up, 'drop table a;');
    assert.deepEqual(
      rules.filter((one) => one.startsWith('down')),
      ['down down-not-inverse@1:1', 'down down-not-inverse@1:1'],
    );
    for (const down of [
      'drop index concurrently j; alter table b drop column c; drop table a',
      'drop schema x cascade',
      'do $$ begin end $$',
    ])
      assert.deepEqual(
        (await said('postgres', up, down)).filter((one) => one.startsWith('down')),
        [],
        down,
      );
    for (const kind of ['mysql', 'sqlite'] as const) {
      assert.deepEqual(await said(kind, 'CREATE TABLE `a` (id INT)', 'SELECT 1'), ['down down-not-inverse@1:1']);
      assert.deepEqual(await said(kind, 'CREATE TABLE IF NOT EXISTS `a` (id INT)', 'DROP TABLE IF EXISTS a;'), []);
      assert.deepEqual(await said(kind, 'ALTER TABLE a ADD COLUMN b INT', 'ALTER TABLE a DROP COLUMN b'), []);
      assert.deepEqual(
        await said(kind, 'CREATE INDEX i ON a (b)', kind === 'mysql' ? 'ALTER TABLE a DROP INDEX i' : 'DROP INDEX i'),
        [],
      );
    }
  });
});

describe('lint for PostgreSQL', () => {
  it('knows from files before which changes cost nothing', async () => {
    const files = {
      '1_a.up.sql': 'create table a (b varchar(10), n numeric(5, 2), c text, constraint x check (c is not null));',
      '1_a.down.sql': 'drop table a;',
      '2_b.up.sql':
        'alter table a alter b type varchar(20); alter table a alter n type numeric(9, 2); alter table a alter b type text;',
      '2_b.down.sql': '-- +job irreversible',
      '3_c.up.sql': 'alter table a add constraint k check (c is not null) not valid;',
      '3_c.down.sql': 'alter table a drop constraint k;',
      '4_d.up.sql':
        'alter table a validate constraint k; alter table a alter c set not null; alter table a alter n type numeric(9, 3);',
      '4_d.down.sql': '-- +job irreversible',
    };
    const errors = (await lintFiles(files, 'postgres')).filter(({ severity }) => severity === 'error');
    assert.deepEqual(
      errors.map(({ file, rule }) => [file, rule]),
      [['4_d.up.sql', 'changing-column-type']],
    );
  });

  it('finds what cannot be in one transaction, and what locks all rows', async () => {
    const both = 'create index concurrently i on a (b);\n';
    assert.deepEqual(await said('postgres', both), []);
    assert.deepEqual(await said('postgres', `${both}select 1;`), ['ban-concurrent-index-creation-in-transaction@1:1']);
    assert.deepEqual(await said('postgres', 'begin; update a set b = 1; commit;'), [
      'own-transaction@1:1',
      'update-without-backfill@1:8',
    ]);
    assert.deepEqual(
      await said(
        'postgres',
        'update a set b = 1 where c; delete from a using d where d.x = a.x; create table z as select 1; delete from z;',
      ),
      [],
    );
    const paged = '-- +job backfill a by id\nupdate a set b = 1 where true /* +job page */;';
    assert.deepEqual(await said('postgres', paged), []);
  });

  it('asks nothing of a way back that only takes away', async () => {
    assert.deepEqual(
      await said(
        'postgres',
        'create table a (id bigint); alter table b add column c text;',
        'drop table a; alter table b drop column c;',
      ),
      [],
    );
  });
});

describe('lint for MySQL and SQLite', () => {
  it('finds what a MySQL file cannot take back, and what copies a table', async () => {
    assert.deepEqual(
      await said('mysql', 'ALTER TABLE a MODIFY b BIGINT;\nINSERT INTO c VALUES (1);\nALTER TABLE a DROP COLUMN d;'),
      ['copy-algorithm@1:1', 'mixed-ddl-dml@2:1', 'ban-drop-column@3:1', 'several-ddl-statements@3:1'],
    );
    assert.deepEqual(await said('mysql', 'START TRANSACTION; UPDATE a SET b = 1; COMMIT'), [
      'own-transaction@1:1',
      'update-without-backfill@1:20',
    ]);
    assert.deepEqual(await said('mysql', 'ALTER TABLE a CHANGE b `b` INT'), ['copy-algorithm@1:1']);
    assert.deepEqual(await said('mysql', 'ALTER TABLE a RENAME COLUMN b TO c'), ['renaming-column@1:1']);
    assert.deepEqual(await said('mysql', 'DELIMITER $$\nDO a$$\nRENAME TABLE a TO b$$'), ['renaming-table@3:1']);
    assert.deepEqual(await said('mysql', 'RENAME TABLE a TO b'), ['renaming-table@1:1']);
  });

  it('is not misled by texts, comments and bodies of routines', async () => {
    const quiet = [
      "INSERT INTO a VALUES ('ALTER TABLE a DROP COLUMN b; DROP TABLE a;')",
      '-- DROP TABLE a;\nSELECT 1; # UPDATE a SET b = 1;\n/* RENAME TABLE a TO b; */',
      'CREATE PROCEDURE p() BEGIN UPDATE a SET b = 1; DELETE FROM a; DROP TABLE a; END',
      'DELETE a FROM a JOIN b ON a.id = b.id',
      'UPDATE a SET b = 1 WHERE c = 2',
      'CREATE TEMPORARY TABLE t (id INT); INSERT INTO t VALUES (1); DELETE FROM t',
      'CREATE TABLE IF NOT EXISTS `update` (`drop` INT)',
    ];
    for (const sql of quiet) assert.deepEqual(await said('mysql', sql), [], sql);
    const trigger =
      'CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET c = 1; DELETE FROM b; END; SELECT "DROP TABLE a";';
    assert.deepEqual(await said('sqlite', trigger), []);
  });

  it('knows what SQLite refuses and what code would miss', async () => {
    assert.deepEqual(
      await said('sqlite', 'ALTER TABLE a ADD b INT NOT NULL; ALTER TABLE a ADD COLUMN c INT NOT NULL DEFAULT 1'),
      ['adding-required-field@1:1'],
    );
    assert.deepEqual(await said('sqlite', 'ALTER TABLE a RENAME b TO c; ALTER TABLE a RENAME TO z; BEGIN; COMMIT'), [
      'renaming-column@1:1',
      'renaming-table@1:30',
      'own-transaction@1:57',
    ]);
  });
});

describe('any text', () => {
  const piece = fc.constantFrom(
    ...[
      'create table ',
      'alter table ',
      'a',
      'b',
      '.',
      '"',
      "'",
      '`',
      '$$',
      ' add column ',
      ' drop ',
      '(',
      ')',
      ',',
      ';',
      '\n',
      '\r\n',
    ],
    ...[
      '-- ',
      '-- +job ignore ',
      'squawk-ignore ',
      '/*',
      '*/',
      ' begin',
      ' commit',
      ' int',
      ' not null',
      'é😀',
      '\ufeff',
      '\0',
      '-- +job backfill a by b\n',
    ],
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 40 }).map((parts) => parts.join('')),
  );

  it('is linted without an error, and each place is in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...KINDS), text, text, async (kind, up, down) => {
        const files: Record<string, string> = { '1_a.up.sql': up, '1_a.down.sql': down };
        for (const { file, line, column, rule } of await lintFiles(files, kind)) {
          const lines = (files[file] ?? '').replace(/^\ufeff/, '').split('\n');
          assert.ok(line >= 1 && line <= lines.length, rule);
          assert.ok(column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1, rule);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('may be nested as deeply as it likes', async () => {
    for (const sql of [
      `select ${'('.repeat(100_000)}1`,
      `select ${'1+'.repeat(100_000)}1`,
      `update a set b = ${'1 in ('.repeat(3_000)}1`,
    ])
      assert.deepEqual((await said('postgres', sql)).length, 1);
  });
});

describe('SARIF', () => {
  it('names each rule once, and each place', async () => {
    const findings = await lintFiles({ '1_a b.up.sql': 'drop table a; drop table b;' }, 'postgres');
    const sarif = JSON.parse(JSON.stringify(sarifOf(findings)));
    assert.equal(sarif.version, '2.1.0');
    const [{ tool, results }] = sarif.runs;
    for (const { ruleId, ruleIndex, level, locations } of results) {
      assert.equal(tool.driver.rules[ruleIndex].id, ruleId);
      assert.equal(level, RULES[ruleId as keyof typeof RULES].severity);
      assert.equal(locations[0].physicalLocation.artifactLocation.uri, '1_a%20b.up.sql');
    }
    assert.deepEqual(
      results.map(
        (result: { locations: { physicalLocation: { region: object } }[] }) =>
          result.locations[0]?.physicalLocation.region,
      ),
      [
        { startLine: 1, startColumn: 1 },
        { startLine: 1, startColumn: 1 },
        { startLine: 1, startColumn: 15 },
      ],
    );
  });
});

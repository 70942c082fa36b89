/** Whatever keeps every command off a folder is an error of lint, and no comment silences it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { isAppError } from '../../errors.ts';
import { planSteps } from '../plan-steps.ts';
import { readBundle } from '../read-folder.ts';
import { KINDS } from '../target.ts';
import { lintFiles } from './lint.ts';
import { readLintFiles } from './read-lint-files.ts';
import { sarifOf } from './sarif.ts';

async function folderOf(t: TestContext, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hawker-lint-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

const bytes = (...parts: (string | number)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))));
const down = '-- +job irreversible\n';

/** What a run does with a folder before it asks a database. */
async function runUp(folder: string): Promise<void> {
  planSteps({ command: 'up' }, await readBundle({ name: 'shop', folder }), { version: undefined, dirty: false }, []);
}

const REFUSED: [what: string, rule: string, files: Readonly<Record<string, string | Buffer>>][] = [
  ['a byte that is not UTF-8', 'not-utf8', { '3_c.up.sql': bytes('select ', 0xff, ';\n') }],
  ['it, below a comment that ignores it', 'not-utf8', { '3_c.up.sql': bytes('-- +job ignore not-utf8\n', 0xff) }],
  ['a way back that is cut off in a character', 'not-utf8', { '3_c.up.sql': '', '3_c.down.sql': bytes(0xe2, 0x82) }],
  ['two files of one version', 'duplicate-version', { '3_c.up.sql': down, '03_d.up.sql': down }],
  [
    'two, of which one ignores it',
    'duplicate-version',
    { '03_c.up.sql': down, '3_d.up.sql': `-- +job ignore duplicate-version\n${down}` },
  ],
  ['a directive that nobody knows', 'bad-directive', { '3_c.up.sql': '-- +job no-transactoin\n' }],
  ['it, ignored', 'bad-directive', { '3_c.up.sql': '-- +job ignore bad-directive\n-- +job no-transactoin\n' }],
  ['two directives that exclude each other', 'bad-directive', { '3_c.up.sql': '-- +job batch 5\nselect 1;\n' }],
  ['a number beyond what tables hold', 'version-too-large', { '9223372036854775808_c.up.sql': down }],
  [
    'it, ignored',
    'version-too-large',
    { '18446744073709551615_c.up.sql': `-- +job ignore version-too-large\n${down}` },
  ],
];

describe('a folder that no command would take', () => {
  for (const [what, rule, files] of REFUSED)
    it(`is wrong for lint too: ${what}`, async (t) => {
      const folder = await folderOf(t, files);
      await assert.rejects(runUp(folder), (error) => isAppError(error, 'migration_refused'));
      for (const kind of KINDS) {
        const findings = await lintFiles(await readLintFiles(folder), kind);
        const found = findings.filter((one) => one.rule === rule);
        assert.deepEqual([found.length, found[0]?.severity], [1, 'error'], kind);
        const [run] = JSON.parse(JSON.stringify(sarifOf(found))).runs;
        assert.deepEqual([run.tool.driver.rules[0].id, run.results[0].level], [rule, 'error']);
      }
    });

  it('is told with the first byte that cannot be read', async (t) => {
    const folder = await folderOf(t, {
      '1_a.up.sql': bytes("\ufeff-- \ufffd is a character\nselect '\u00e9\ufffd", 0xef, 0xbf, "', ", 0xff, ';\n'),
      '2_b.up.sql': bytes('\ufeff', 0xe9),
    });
    const findings = await lintFiles(await readLintFiles(folder), 'sqlite');
    const places = findings
      .filter(({ rule }) => rule === 'not-utf8')
      .map(({ file, line, column, message }) => `${file}:${line}:${column} ${message.slice(0, 26)}`);
    assert.deepEqual(places, [
      '1_a.up.sql:2:11 the byte 0xef is not UTF-8',
      '2_b.up.sql:1:1 the byte 0xe9 is not UTF-8',
    ]);
  });

  it('says nothing of a character that stands for one that could not be read', async (t) => {
    const folder = await folderOf(t, { '1_a.up.sql': `-- \ufffd\n${down}` });
    assert.deepEqual(await lintFiles(await readLintFiles(folder), 'sqlite'), []);
  });

  it('is wrong where a backfill can be read in another dialect alone', async () => {
    const head = '-- +job backfill a by id\n';
    const files = { '1_a.up.sql': `${head}update a set b = 1 where c = 'it\\'s; ' /* +job page */;\n` };
    const rules = async (kind: 'mysql' | 'sqlite') => (await lintFiles(files, kind)).map(({ rule }) => rule);
    assert.ok(!(await rules('mysql')).includes('bad-directive'));
    assert.ok((await rules('sqlite')).includes('bad-directive'));
  });
});

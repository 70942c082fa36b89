import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { UsageError } from '../command/usage.ts';
import { openPlace } from './testing.ts';
import { readTyped } from './usage.ts';

const words = (typed: string) => typed.split(' ');

describe('npm run migrate -- lint', () => {
  it('tells each place of a folder, and ends with 8 where one is an error', { timeout: 60_000 }, async () => {
    using place = openPlace();
    const folder = place.file('1_a.up.sql', 'select 1;\ncreate index i on a (b);\n').replace(/\/[^/]*$/, '');
    place.file('1_a.down.sql', 'drop index concurrently i;\n');
    const { code, stdout } = await place.migrate(['lint', '--path', folder, '--kind', 'postgres']);
    assert.equal(code, 8);
    const [first, ...rest] = stdout.split('\n');
    assert.match(
      first ?? '',
      /^1_a\.up\.sql:2:1 error require-concurrent-index-creation takes SHARE on a .*CREATE INDEX CONCURRENTLY/,
    );
    assert.deepEqual(rest, ['1 errors, 0 warnings', '']);
    const json = await place.migrate(['lint', '--path', folder, '--kind', 'postgres', '--json']);
    assert.deepEqual([json.code, JSON.parse(json.stdout).errors], [8, 1]);
    const sarif = await place.migrate(['lint', '--path', folder, '--kind', 'sqlite', '--sarif']);
    assert.deepEqual([sarif.code, JSON.parse(sarif.stdout).version], [0, '2.1.0']);
  });

  it('ends with 8 for a folder that every other command refuses', { timeout: 60_000 }, async () => {
    using place = openPlace();
    const folder = place.folder({ '3_c.down.sql': '-- +job irreversible\n' });
    writeFileSync(join(folder, '3_c.up.sql'), Buffer.from('select 1; -- \xff\n', 'latin1'));
    for (const kind of ['sqlite', 'postgres']) {
      const { code, stdout } = await place.migrate(['lint', '--path', folder, '--kind', kind]);
      assert.equal(code, 8);
      assert.match(stdout, /^3_c\.up\.sql:1:14 error not-utf8 the byte 0xff .*\n1 errors, 0 warnings\n$/);
    }
  });

  it('lints the only target, and its plan tells what locks', { timeout: 60_000 }, async () => {
    using place = openPlace();
    const { code, stdout } = await place.migrate(['lint']);
    assert.deepEqual([code, stdout], [0, '0 errors, 0 warnings\n']);
    const plan = await place.migrate(['plan', 'up', '1']);
    assert.equal(plan.code, 0);
    assert.match(
      plan.stdout,
      /^sample: up 1 stalls \(1_stalls\.up\.sql\)\nsample: {2}line 1: CREATE TABLE stalls .*\n(?: *.*\n)*sample: {4}database on stalls \(new\);/,
    );
    for (const line of plan.stdout.split('\n')) assert.ok(line.length <= 100, line);
  });

  it('takes a folder with its kind, and no target beside', () => {
    const common = { json: false, yes: false, does: 'lint', sarif: false };
    assert.deepEqual(readTyped(words('lint --path x --kind mysql')), { ...common, path: 'x', kind: 'mysql' });
    assert.deepEqual(readTyped(words('lint --target a --sarif')), { ...common, target: 'a', sarif: true });
    for (const typed of [
      'lint --path x',
      'lint --kind mysql',
      'lint --path x --kind oracle',
      'lint --path x --kind mysql --target a',
      'up --sarif',
      'lint x',
      'plan --samples 21',
    ])
      assert.throws(() => readTyped(words(typed)), UsageError, typed);
  });
});

/** Texts that are large, or made to keep their reader busy. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Kind } from '../target.ts';
import { lintFiles } from './lint.ts';

async function said(kind: Kind, up: string) {
  const findings = await lintFiles({ '1_a.up.sql': up, '1_a.down.sql': '-- +job irreversible\n' }, kind);
  return findings.map(({ rule, line, column }) => `${rule}@${line}:${column}`);
}

describe('lint of large texts', () => {
  it('reads a script that PostgreSQL’s parser would need hours for no further', async () => {
    for (const row of [`${'/*'.repeat(100_000)}${'*/'.repeat(100_000)}`, '+'.repeat(200_000), '+-'.repeat(100_000)]) {
      const up = `select 1${row}1`;
      const message = 'more than 1000 characters of operators in a row are not read';
      const [found, ...more] = await lintFiles(
        { '1_a.up.sql': up, '1_a.down.sql': '-- +job irreversible\n' },
        'postgres',
      );
      assert.deepEqual([found?.rule, found?.message, found?.column, more], ['syntax-error', message, 9, []]);
    }
    assert.deepEqual(await said('postgres', `-- ${'='.repeat(900)}\nselect 1`), []);
  });

  it('reads rows by the hundred thousand beside a long word', async () => {
    assert.deepEqual(await said('postgres', `insert into t values ('${'a'.repeat(70)}')${',(1)'.repeat(100_000)}`), []);
  });

  it('tells the place of each of many statements on one line, and behind it', async () => {
    const places = await said('sqlite', `select 1;\n${'drop table a;'.repeat(3)}\n\ndrop table b`);
    assert.deepEqual(
      places.map((place) => place.replace(/^.*@/, '')),
      ['2:1', '2:14', '2:27', '4:1'],
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '#shared/errors.ts';
import { lintAnswer } from './lint-answers.ts';
import { aStatus, aTarget, createRig } from './testing.ts';

const ask = (files?: Record<string, string>, query = '') =>
  [`POST /v1/targets/shop/lint${query}`, files && { files }] as const;

describe('POST /v1/targets/{name}/lint', () => {
  const folder = { files: { '1_a.up.sql': 'drop table a', '1_a.down.sql': 'create table a (id bigint)' } };
  const targets = async () => [aTarget('shop', { folder })];

  it('tells a viewer what is dangerous in the files that are deployed', async () => {
    const rig = await createRig({ databases: { targets } });
    const { status, body } = await rig.ask(...ask(), await rig.keyFor('viewer'));
    assert.equal(status, 200);
    assert.deepEqual(lintAnswer.parse(body), body);
    assert.deepEqual([body.errors, body.warnings, body.findings[0].rule], [0, 1, 'ban-drop-table']);
  });

  it('reads files that are not deployed yet, and knows which no up would run', async () => {
    const row = {
      version: 5n,
      name: 'x',
      direction: 'up',
      checksum: 'c',
      down: undefined,
      at: '',
      ms: 1,
      run: 'r',
      by: 'b',
      token: 1,
      bundle: 'h',
    };
    const rig = await createRig({
      databases: {
        targets,
        status: async () => aStatus({ state: { version: 5n, dirty: false } }),
        history: async () => [
          { ...row, direction: 'up' },
          { ...row, version: 1n, direction: 'up' },
        ],
      },
    });
    const files = {
      '3_c.up.sql': 'create index i on a (b)',
      '3_c.down.sql': 'drop index concurrently i',
      '6_d.up.sql': '-- +job irreversible\n',
    };
    const { body } = await rig.ask(...ask(files));
    assert.deepEqual(
      body.findings.map(({ file, rule }: { file: string; rule: string }) => `${file} ${rule}`),
      ['3_c.up.sql require-concurrent-index-creation', '3_c.up.sql late-version'],
    );
    assert.equal(body.errors, 1);
  });

  it('leaves a deployed file that does not fit into an instance to the command line', async () => {
    const dump = { files: { '1_dump.up.sql': `select '${'x'.repeat(500_000)}'` } };
    const rig = await createRig({ databases: { targets: async () => [aTarget('shop', { folder: dump })] } });
    const { status, body } = await rig.ask(...ask());
    assert.deepEqual([status, body.detail], [413, '1_dump.up.sql has more than 500000 characters']);
  });

  it('does without the database where it does not answer', async () => {
    const away = () => Promise.reject(new AppError('unavailable', 'The database does not answer'));
    const rig = await createRig({ databases: { targets, status: away, history: away } });
    assert.equal((await rig.ask(...ask())).body.warnings, 1);
  });

  it('answers SARIF where it is asked for', async () => {
    const rig = await createRig({ databases: { targets } });
    const { body } = await rig.ask(...ask(undefined, '?format=sarif'));
    assert.deepEqual([body.version, body.runs[0].results[0].ruleId], ['2.1.0', 'ban-drop-table']);
  });

  it('refuses what is too much or no file, and tells of no more than 1,000', async () => {
    const rig = await createRig({ databases: { targets } });
    const many = Object.fromEntries(Array.from({ length: 501 }, (_, at) => [`${at}_x.up.sql`, '']));
    for (const files of [
      many,
      { '1_a.up.sql': 'x'.repeat(2_000_001) },
      { '../1_a.up.sql': '' },
      { '1_a.up.sql': 3 as never },
    ])
      assert.equal((await rig.ask(...ask(files))).status, 422);
    assert.equal((await rig.ask(...ask({ '1_a.up.sql': 'x'.repeat(500_001) }))).status, 413);
    const { body } = await rig.ask(...ask({ '1_a.up.sql': 'drop table a;'.repeat(1_500) }));
    assert.deepEqual([body.findings.length, body.warnings], [1_000, 1_501]);
  });
});

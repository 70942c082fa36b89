/** Plans on the server of POSTGRES_TEST_URL, and on sessions that a test makes up. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../errors.ts';
import { bundleOf } from '../bundle.ts';
import type { Step } from '../migration.ts';
import { serverOf, startPostgres } from '../postgres/rig.ts';
import { weighSteps } from './weigh-steps.ts';

const server = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');

function stepsOf(...texts: string[]): Step[] {
  const files = Object.fromEntries(texts.map((text, at) => [`${at + 1}_x.up.sql`, text]));
  return bundleOf(files).migrations.map((migration) => ({
    direction: 'up',
    migration,
    from: undefined,
    to: migration.version,
  }));
}

type Made = Parameters<typeof weighSteps>[0];
const session = (change: Partial<Made> = {}): Made => ({
  kind: 'sqlite',
  sizes: async (names) => names.map((table) => ({ table, rows: 7 })),
  estimate: async () => undefined,
  preview: async () => [],
  ...change,
});

describe('the weight of a plan', () => {
  it('holds what the database tells of each table', { skip: server.skip }, async () => {
    const database = await startPostgres(server.address);
    try {
      await database.query('create table orders as select g as id from generate_series(1, 300) g');
      await using opened = await database.open();
      const steps = stepsOf(
        'alter table orders add column b float default random();\ncreate table fresh (id bigint); create index on fresh (id);',
        'alter table fresh add c int;',
      );
      const [first, second] = await weighSteps(opened, steps, { samples: 3 });
      assert.deepEqual(
        first?.statements.map(({ line, lock, rewrite, tables }) => [
          line,
          lock,
          rewrite,
          tables.map(({ name, rows, created }) => `${name} ${rows} ${created}`).join(),
        ]),
        [
          [1, 'ACCESS EXCLUSIVE', 'yes', 'orders 300 false'],
          [2, 'ACCESS EXCLUSIVE', 'no', 'fresh undefined true'],
          [2, 'SHARE', 'no', 'fresh undefined true'],
        ],
      );
      assert.equal(first?.backfill, undefined);
      assert.deepEqual(second?.statements[0]?.tables, [{ name: 'fresh', created: false }]);
    } finally {
      await database.close();
    }
  });

  it('is bounded, whatever a plan holds', async () => {
    const many = 'drop table a;\n'.repeat(700);
    const weights = await weighSteps(
      session(),
      stepsOf(many, many, many, `insert into a values ('${'x'.repeat(2_000)}')`, 'x'.repeat(2_000_001)),
      { samples: 0 },
    );
    assert.deepEqual(
      weights.map(({ statements, untold }) => [statements.length, untold]),
      [
        [700, undefined],
        [300, 400],
        [0, 700],
        [0, 1],
        [0, undefined],
      ],
    );
    const [long] = await weighSteps(session(), stepsOf(`insert into a values ('${'x'.repeat(2_000)}')`), {
      samples: 0,
    });
    assert.deepEqual([long?.statements[0]?.sql.length, long?.statements[0]?.tables[0]?.rows], [501, 7]);
  });

  it('passes over a script that its parser makes too much of, and weighs those behind it', async () => {
    const steps = stepsOf(`insert into a values ('${'x'.repeat(500_000)}')`, 'drop table b');
    const weights = await weighSteps(session(), steps, { samples: 0 });
    assert.deepEqual(
      weights.map(({ statements }) => statements.length),
      [0, 1],
    );
  });

  it('asks for rows of a backfill only where they are wanted, and tells why an estimate is not to be had', async () => {
    const estimate = { rows: 10, pages: 1, etaMs: 5 };
    const sample = { key: '1', before: '{}', after: null };
    const asked: number[] = [];
    const made = session({
      estimate: async () => estimate,
      preview: async (_, rows) => {
        asked.push(rows);
        return [sample];
      },
    });
    const [step] = stepsOf('-- +job backfill a by b\nupdate a set c = 1 where true /* +job page */;');
    assert.ok(step);
    assert.deepEqual((await weighSteps(made, [step], { samples: 0 }))[0]?.backfill, estimate);
    assert.deepEqual((await weighSteps(made, [step], { samples: 3 }))[0]?.backfill, { ...estimate, samples: [sample] });
    assert.deepEqual(asked, [3]);
    const failing = session({
      estimate: () => Promise.reject(new AppError('migration_failed', 'there is no table a')),
    });
    assert.deepEqual((await weighSteps(failing, [step], { samples: 0 }))[0]?.backfill, {
      unknown: 'there is no table a',
    });
  });
});

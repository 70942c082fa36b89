import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { planSteps } from './plan-steps.ts';
import { readBundle } from './read-folder.ts';
import { readTargets } from './targets.ts';

test('without a file of databases there is a sample, whose migrations go up, down to nothing and up again', async () => {
  const [target, ...more] = await readTargets({ HAWKER_DATABASES: undefined, HAWKER_DATA: 'somewhere' });
  assert.ok(target && more.length === 0);
  assert.deepEqual([target.name, target.kind, target.table], ['sample', 'sqlite', 'schema_migrations']);
  assert.deepEqual(target.address, { from: 'path', path: resolve('somewhere/sample.db') });

  const bundle = await readBundle(target);
  assert.equal(bundle.migrations.length, 4);
  using database = new DatabaseSync(':memory:');
  const schema = () => database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all();
  const go = (command: 'up' | 'down', version?: bigint) => {
    const { steps } = planSteps({ command, steps: 4 }, bundle, { version, dirty: false }, []);
    for (const { migration, direction } of steps) database.exec(migration[direction]?.text ?? '');
  };
  go('up');
  const before = schema();
  database.exec("UPDATE dishes SET cents = 550 WHERE name = 'Chicken rice'");
  assert.equal(database.prepare('SELECT became FROM price_changes').get()?.['became'], 550);
  assert.deepEqual(
    database
      .prepare('SELECT dish, cents FROM menu ORDER BY unit')
      .all()
      .map((row) => ({ ...row })),
    [
      { dish: 'Chicken rice', cents: 550 },
      { dish: 'Fish porridge', cents: 450 },
    ],
  );
  go('down', 4n);
  assert.deepEqual(schema(), []);
  go('up');
  assert.deepEqual(schema(), before);
});

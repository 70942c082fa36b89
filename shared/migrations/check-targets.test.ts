import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../config.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { checkTargets } from './check-targets.ts';

test('a file of targets that is missing or wrong is told of once for all functions, with its path and the rule', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-targets-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'targets.json');
  const told = async () => {
    const log = createKeptLog();
    const config = loadConfig({ HAWKER_DATABASES: file });
    for (const name of ['migrations', 'migration-runs'])
      await checkTargets({ config, log: log.with({ function: name }) });
    return log.lines.map(({ severity, reason }) => [severity, reason]);
  };
  assert.deepEqual(await told(), [['WARNING', `${file} (HAWKER_DATABASES): cannot be read: ENOENT`]]);
  writeFileSync(file, '{"targets": [');
  assert.match(String((await told())[0]?.[1]), /targets\.json \(HAWKER_DATABASES\): is not JSON/);
  writeFileSync(file, JSON.stringify({ targets: [{ name: 'shop', kind: 'oracle' }] }));
  const [[, reason] = []] = await told();
  assert.match(String(reason), /targets\.json \(HAWKER_DATABASES\): .*kind/);
  const address = { path: join(folder, 'shop.db') };
  writeFileSync(file, JSON.stringify({ targets: [{ name: 'shop', kind: 'sqlite', folder: '.', address }] }));
  assert.deepEqual(await told(), []);
});

test('without a file there is nothing to tell', async () => {
  const log = createKeptLog();
  await checkTargets({ config: loadConfig({}), log });
  assert.deepEqual(log.lines, []);
});

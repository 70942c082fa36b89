import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config.ts';
import { systemIds } from '../ids.ts';
import { openStore } from './index.ts';

it('the embedded store opens without loading any Google SDK', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-lazy-'));
  const from = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const code = `
    import { createRequire } from 'node:module';
    import { systemClock } from ${from('../clock.ts')};
    import { loadConfig } from ${from('../config.ts')};
    import { systemIds } from ${from('../ids.ts')};
    import { openDatabase } from ${from('../sqlite/database.ts')};
    import { openStore } from ${from('./index.ts')};
    const database = () => openDatabase(${JSON.stringify(join(folder, 'hawker.db'))});
    const store = await openStore(loadConfig({}), { clock: systemClock, ids: systemIds, database });
    await store.create('c', 'a', { n: 1 });
    const loaded = Object.keys(createRequire(${from('./index.ts')}).cache).filter((path) => /google|grpc/.test(path));
    console.log(JSON.stringify({ doc: (await store.get('c', 'a')).value, loaded }));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', code], { timeout: 30_000 });
  rmSync(folder, { recursive: true });
  assert.deepEqual(JSON.parse(output.toString()), { doc: { n: 1 }, loaded: [] });
});

it('Firestore is chosen by the setting, and the embedded file is not opened for it', async () => {
  const config = loadConfig({ HAWKER_STORE: 'firestore', GOOGLE_CLOUD_PROJECT: 'some-project' });
  const database = () => assert.fail('opened the file');
  const store = await openStore(config, { clock: systemClock, ids: systemIds, database });
  assert.equal(store.remote, true);
  await store.close();
});

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { systemIds } from '../ids.ts';
import { createLeases } from '../lease/leases.ts';
import { createStoreRecords } from '../lease/store-records.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { COUNT_UP, type FirestoreUnderTest, startFirestore, targetIn } from './firestore/rig.ts';
import { sessionsWith } from './index.ts';
import { readBundle } from './read-folder.ts';
import type { Command } from './run.ts';
import { createRuns } from './run-records.ts';
import { createRunner } from './runner.ts';

const emulator = process.env['FIRESTORE_EMULATOR_HOST'] ?? '';
const skip = emulator ? false : 'needs the Firestore emulator at FIRESTORE_EMULATOR_HOST';

describe('runs on Firestore', { skip, timeout: 60_000 }, () => {
  let folder: string;
  let database: FirestoreUnderTest;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hawker-runs-'));
    database = await startFirestore(emulator);
  });
  after(async () => {
    await database?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('take a folder of TypeScript up and down, pause and go on, and need no file for the way back', async () => {
    const slug = "set: { slug: doc.data.name.toLowerCase().replaceAll(' ', '-') }";
    const files: Record<string, string> = {
      '20260101120000_add_slug.up.ts': `interface Doc { data: { name: string } }\nexport default { collection: 'stalls', batch: 5, perSecond: 20, change: (doc: Doc) => ({ ${slug} }) };`,
      '20260101120000_add_slug.down.ts':
        "export default { collection: 'stalls', change: () => ({ remove: ['slug'] }) };",
      '20260102120000_count.up.ts': COUNT_UP('stalls', 'batch: 10, perSecond: 10_000'),
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    await database.fill('stalls', 45, (index) => ({ n: 0, name: `Tian Tian ${index}` }));

    const [clock, ids, log] = [systemClock, systemIds, createKeptLog()];
    const store = withShorthands(createMemoryDriver());
    const runs = createRuns({ store, clock, ids });
    const leases = createLeases({ records: createStoreRecords(store, 'memory'), store, host: 't', clock, ids, log });
    /** What is done after the next page. */
    const pauses: (() => Promise<unknown>)[] = [];
    const config = { FIRESTORE_EMULATOR_HOST: emulator } as Config;
    const google = () => Promise.reject(new Error('no Google here'));
    const target = { ...targetIn(database.project), folder };
    const runner = createRunner({
      ...{ runs, clock, ids, log, readBundle },
      async openSession(of, options) {
        const session = await sessionsWith({ config, ids, google })(of, options);
        return {
          ...session,
          apply: (step, given) =>
            session.apply(step, {
              ...given,
              async onPage(done) {
                const pause = pauses.pop();
                if (pause) await pause();
                return given.onPage?.(done);
              },
            }),
        };
      },
      targets: async () => [target],
      leases: async () => leases,
      queue: { publish: async () => {} },
    });
    const run = async (command: Command, pauseFirst = false) => {
      const { id } = await runs.begin({ target: 'shop', command, by: 'ann', lockTimeoutMs: 5_000 });
      if (pauseFirst) pauses.push(() => runs.pause(id));
      const { state, error } = await runner.run(id, { signal: new AbortController().signal });
      assert.equal(error, undefined);
      return { id, state };
    };
    const version = async () => (await runner.status('shop')).state;

    assert.deepEqual((await runner.status('shop')).pending, 2);
    const paused = await run({ command: 'up' }, true);
    assert.equal(paused.state, 'paused');
    assert.deepEqual(await version(), { version: 20260101120000n, dirty: true });
    await runs.resume(paused.id);
    const { state, error } = await runner.run(paused.id, { signal: new AbortController().signal });
    assert.deepEqual([state, error], ['done', undefined]);
    assert.deepEqual(await version(), { version: 20260102120000n, dirty: false });
    const { 'stalls/d000044': last } = await database.read('stalls');
    assert.deepEqual(last, { n: 1, name: 'Tian Tian 44', slug: 'tian-tian-44' });

    await rm(join(folder, '20260101120000_add_slug.down.ts'));
    assert.equal((await run({ command: 'goto', version: 20260101120000n })).state, 'done');
    assert.equal((await run({ command: 'down', steps: 1 })).state, 'done');
    assert.deepEqual(await version(), { version: undefined, dirty: false });
    const { 'stalls/d000000': first } = await database.read('stalls');
    assert.deepEqual(first, { n: 1, name: 'Tian Tian 0' });
    assert.ok((await runner.verify('shop')).ok);
    assert.deepEqual(
      (await runner.history('shop', 9)).map(({ direction, name }) => `${direction} ${name}`),
      ['down add_slug', 'down count', 'up count', 'up add_slug'],
    );
    await leases.close(1_000);
  });
});

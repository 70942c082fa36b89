import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../clock.ts';
import { isAppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { createAbortingProxy } from '../testing/aborting-proxy.ts';
import { type CuttingProxy, createCuttingProxy } from '../testing/cutting-proxy.ts';
import { read } from './contract-steps.ts';
import { createFirestoreDriver } from './firestore.ts';
import { withShorthands } from './index.ts';
import { storeContract } from './store.contract.ts';
import type { Store } from './store.ts';

const emulator = process.env['FIRESTORE_EMULATOR_HOST'] ?? '';
if (!emulator && process.env['CI'] === 'true')
  throw new Error('FIRESTORE_EMULATOR_HOST is not set: the Firestore store was not tested');
const skip = emulator
  ? false
  : 'needs the Firestore emulator at FIRESTORE_EMULATOR_HOST; get it with `gcloud components install cloud-firestore-emulator`';

/** A project of its own for every run: the emulator keeps them apart. */
const project = `hawker-${Date.now().toString(36)}-${process.pid}`;
let collections = 0;
const collection = () => `d-${collections++}`;

function open(host: string, timeoutMs = 30_000): Store {
  const driver = createFirestoreDriver({ project, emulator: host, clock: systemClock, ids: systemIds, timeoutMs });
  return withShorthands(driver);
}

storeContract({
  name: 'Firestore',
  open: async () => open(emulator),
  ...(skip && { skip }),
  lossy: async () => {
    const proxy = await createCuttingProxy(emulator);
    const store = open(proxy.address);
    return {
      store,
      loseAnswer: (marker) => proxy.loseAnswer(marker),
      lost: () => proxy.cuts,
      async close() {
        await store.close();
        await proxy.close();
      },
    };
  },
});

describe('Firestore store', { skip, timeout: 120_000 }, () => {
  let proxy: CuttingProxy;
  let store: Store;
  let others: Store;
  before(async () => {
    proxy = await createCuttingProxy(emulator);
    store = open(proxy.address);
    others = open(emulator);
  });
  after(async () => {
    await Promise.all([store, others].map((opened) => opened.close()));
    await proxy.close();
  });

  /** Replaces the document `times` times as somebody else would. */
  const overwrite = async (c: string, times: number) => {
    for (let n = 0; n < times; n++) {
      const doc = await others.get(c, 'a');
      await others.replace(c, 'a', { by: 'others', n }, doc?.version ?? '');
    }
  };

  it('sends a commit again that was lost on the way, and writes it once', async () => {
    const c = collection();
    const first = await store.create(c, 'a', { n: 1 });
    const cuts = proxy.cuts;
    proxy.loseRequest(c);
    const version = await store.replace(c, 'a', { n: 2 }, first);
    assert.equal(proxy.cuts, cuts + 1);
    assert.deepEqual(await read(others, c, 'a'), { id: 'a', value: { n: 2 }, version });
  });

  it('reads again what was lost on the way', async () => {
    const c = collection();
    await store.create(c, 'a', { n: 1 });
    for (const read of [() => store.get(c, 'a'), () => store.list(c, { limit: 5 })]) {
      const cuts = proxy.cuts;
      proxy.loseAnswer(c);
      assert.notEqual(await read(), undefined);
      assert.equal(proxy.cuts, cuts + 1);
    }
  });

  it('tells a writer that it won although somebody wrote over it before it could look', async () => {
    const c = collection();
    const first = await store.create(c, 'a', { n: 1 });
    let seen: string | undefined;
    proxy.loseAnswer(c, async () => {
      seen = (await others.get(c, 'a'))?.version;
      await overwrite(c, 1);
    });
    assert.equal(await store.replace(c, 'a', { n: 2 }, first), seen);
    assert.deepEqual((await others.get(c, 'a'))?.value, { by: 'others', n: 0 });
  });

  it('tells a creator that it won however often others wrote over it', async () => {
    const c = collection();
    proxy.loseAnswer(c, () => overwrite(c, 5));
    const version = await store.create(c, 'a', { n: 1 });
    await assert.rejects(store.replace(c, 'a', {}, version), (error) => isAppError(error, 'conflict'));
  });

  it('tells from one document of a commit what became of all', async () => {
    const c = collection();
    const versions = await store.commit([
      { op: 'create', collection: c, id: 'a', value: {} },
      { op: 'create', collection: c, id: 'b', value: {} },
    ]);
    const [a = '', b = ''] = versions;
    proxy.loseAnswer(c, () => overwrite(c, 3));
    const [, won] = await store.commit([
      { op: 'replace', collection: c, id: 'a', value: { n: 2 }, ifVersion: a },
      { op: 'replace', collection: c, id: 'b', value: { n: 2 }, ifVersion: b },
    ]);
    assert.equal((await others.get(c, 'b'))?.version, won);
  });

  for (const [what, meanwhile] of [
    ['two others have written since', (c: string) => overwrite(c, 2)],
    ['it was deleted since', async (c: string) => others.delete(c, 'a', (await others.get(c, 'a'))?.version ?? '')],
  ] as const) {
    it(`says that the outcome is unknown where ${what}`, async () => {
      const c = collection();
      const first = await store.create(c, 'a', { n: 1 });
      proxy.loseAnswer(c, () => meanwhile(c));
      await assert.rejects(store.replace(c, 'a', { n: 2 }, first), (error) => isAppError(error, 'outcome_unknown'));
    });
  }

  it('says that somebody else was first where the answer to a conflict is lost', async () => {
    const c = collection();
    const first = await store.create(c, 'a', { n: 1 });
    await overwrite(c, 1);
    proxy.loseAnswer(c);
    await assert.rejects(store.replace(c, 'a', { n: 2 }, first), (error) => isAppError(error, 'conflict'));
  });

  it('says that others were first where it was turned away for contention, however often they have written since', async (t) => {
    const busy = await createAbortingProxy(emulator);
    const contender = open(busy.address);
    t.after(async () => {
      await contender.close();
      await busy.close();
    });
    const c = collection();
    const first = await contender.create(c, 'a', { n: 1 });
    busy.abort(c, () => overwrite(c, 3));
    await assert.rejects(contender.replace(c, 'a', { n: 2 }, first), (error) => isAppError(error, 'conflict'));
    assert.equal(busy.aborted, 1);
  });

  it('sends a commit again that was turned away for contention while all it expects holds', async (t) => {
    const busy = await createAbortingProxy(emulator);
    const contender = open(busy.address);
    t.after(async () => {
      await contender.close();
      await busy.close();
    });
    const c = collection();
    const first = await contender.create(c, 'a', { n: 1 });
    busy.abort(c, async () => {});
    const version = await contender.replace(c, 'a', { n: 2 }, first);
    assert.equal(busy.aborted, 1);
    assert.deepEqual(await read(others, c, 'a'), { id: 'a', value: { n: 2 }, version });
  });

  it('gives up in bounded time when no answer comes at all', { timeout: 15_000 }, async () => {
    const silent = await createCuttingProxy(emulator);
    const hasty = open(silent.address, 1_500);
    const c = collection();
    await hasty.create(c, 'a', {});
    silent.stall(c);
    await assert.rejects(hasty.create(c, 'b', {}), (error) => isAppError(error, 'outcome_unknown'));
    await assert.rejects(hasty.get(c, 'a'), (error) => isAppError(error, 'unavailable'));
    await assert.rejects(hasty.list(c, { limit: 1 }), (error) => isAppError(error, 'unavailable'));
    await assert.rejects(hasty.check(), (error) => isAppError(error, 'unavailable'));
    await hasty.close();
    await silent.close();
  });

  it('says that nothing was written when it could not connect', async () => {
    const closed = await createCuttingProxy(emulator);
    await closed.close();
    const nowhere = open(closed.address, 1_000);
    await assert.rejects(nowhere.create(collection(), 'a', {}), (error) => isAppError(error, 'unavailable'));
    await nowhere.close();
  });

  it('keeps expireAt as a timestamp of the document itself, for a time-to-live policy, and drops it with the next write', async () => {
    const c = collection();
    const raw = async () => {
      const path = `/v1/projects/${project}/databases/(default)/documents/${c}/a`;
      const answer = await fetch(`http://${emulator}${path}`, { headers: { authorization: 'Bearer owner' } });
      return ((await answer.json()) as { fields: Record<string, unknown> }).fields;
    };
    const version = await store.create(c, 'a', {}, { expireAt: new Date('2031-05-06T07:08:09.123Z') });
    assert.deepEqual((await raw())['expireAt'], { timestampValue: '2031-05-06T07:08:09.123Z' });
    await store.replace(c, 'a', {}, version);
    assert.equal((await raw())['expireAt'], undefined);
  });

  it("shares its documents with Google's own client, and notices an edit made there", async () => {
    const { Firestore } = await import('@google-cloud/firestore');
    const client = new Firestore({ projectId: project, universeDomain: 'googleapis.com' });
    const c = collection();
    const version = await store.create(c, 'a', { n: 1 }, { expireAt: new Date('2031-05-06T07:08:09Z') });
    const seen = await client.collection(c).doc('a').get();
    assert.deepEqual(JSON.parse(String(seen.get('json'))), { n: 1 });
    await seen.ref.update({ json: '{"n":2}' });
    await assert.rejects(store.replace(c, 'a', { n: 3 }, version), (error) => isAppError(error, 'conflict'));
    assert.deepEqual((await store.get(c, 'a'))?.value, { n: 2 });
    await client.terminate();
  });
});

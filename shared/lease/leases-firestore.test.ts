/** Leases on the Firestore emulator: what they cost, what becomes of them when answers are lost, and who may take over when. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../clock.ts';
import { isAppError } from '../errors.ts';
import { patienceMs } from '../expiry.ts';
import { systemIds } from '../ids.ts';
import { createFirestoreDriver } from '../store/firestore.ts';
import { type CuttingProxy, createCuttingProxy } from '../testing/cutting-proxy.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { has, isLost, isOver, stands, type WatchedStore, watch } from './lease-rig.ts';
import { createLeases } from './leases.ts';
import { createStoreRecords } from './store-records.ts';

const emulator = process.env['FIRESTORE_EMULATOR_HOST'] ?? '';
const skip = emulator ? false : 'needs the Firestore emulator at FIRESTORE_EMULATOR_HOST';
const project = `hawker-${Date.now().toString(36)}-${process.pid}`;
const aName = () => `lease-${randomUUID()}`;

/** A process on the emulator at `host`, connected; its wall clock can be set. */
async function aProcess(host: string) {
  const driver = createFirestoreDriver({
    ...{ project, emulator: host, clock: systemClock, ids: systemIds },
    timeoutMs: 30_000,
  });
  const store: WatchedStore = watch(driver);
  await store.check();
  let ahead = 0;
  const clock = { ...systemClock, now: () => Date.now() + ahead };
  const records = createStoreRecords(store, 'Firestore');
  const leases = createLeases({ records, store, host: 'test', clock, ids: systemIds, log: createKeptLog() });
  return {
    leases,
    store,
    records,
    suspend(ms: number) {
      ahead += ms;
    },
    async close() {
      await leases.close(5_000);
      await store.close();
    },
  };
}

describe('leases on Firestore', { skip, timeout: 120_000 }, () => {
  let proxy: CuttingProxy;
  let lossy: Awaited<ReturnType<typeof aProcess>>;
  let others: Awaited<ReturnType<typeof aProcess>>;
  before(async () => {
    proxy = await createCuttingProxy(emulator);
    lossy = await aProcess(proxy.address);
    others = await aProcess(emulator);
  });
  after(async () => {
    await Promise.all([lossy?.close(), others?.close()]);
    await proxy?.close();
  });

  /** Runs `work`, one of whose requests holds `marker`, and makes sure that the answer to it was lost. */
  const losing = async <T>(marker: string, work: () => Promise<T>): Promise<T> => {
    const { cuts } = proxy;
    proxy.loseAnswer(marker);
    const result = await work();
    assert.equal(proxy.cuts, cuts + 1);
    return result;
  };

  it('cost one read and one commit to begin with, and one write and no read to renew, resume or release', async () => {
    const { leases, store, suspend } = others;
    const name = aName();
    await (await has(leases.lease(name).tryAcquire())).release();
    const lease = leases.lease(name);
    store.forget();
    const held = await has(lease.tryAcquire());
    assert.deepEqual(
      [store.reads, store.commits],
      [[`leases/${name}`], [[`replace leases/${name}`, `replace lease-terms/${name}`]]],
    );
    store.forget();
    for (let renewal = 0; renewal < 3; renewal++) {
      suspend(1_500);
      assert.equal(await lease.resume(), held);
    }
    await held.release();
    assert.deepEqual([store.reads, store.commits], [[], Array(4).fill([`replace leases/${name}`])]);
    store.forget();
    await has(lease.tryAcquire());
    assert.deepEqual([store.reads, store.commits.length], [[], 1]);
  });

  it('are won although the answer was lost', async () => {
    const [name, note] = [aName(), randomUUID()];
    const lease = lossy.leases.lease(name, { note });
    const held = await losing(note, () => has(lease.tryAcquire()));
    stands(held);
    assert.equal(await others.leases.lease(name).tryAcquire(), undefined);
    assert.equal((await others.leases.observe(name))?.token, held.token);
    await held.fenced([]);
  });

  it('are won by somebody else when that one came first, although the answer was lost', async () => {
    const [name, note] = [aName(), randomUUID()];
    const winner = others.leases.lease(name);
    await (await has(winner.tryAcquire())).release();
    const lease = lossy.leases.lease(name, { note });
    const first = await has(lease.tryAcquire());
    await first.release();
    await has(winner.tryAcquire());
    assert.equal(await losing(note, () => lease.tryAcquire()), undefined);
  });

  it('go on although the answer to a renewal was lost', async () => {
    const name = aName();
    const lease = lossy.leases.lease(name);
    const held = await has(lease.tryAcquire());
    for (let renewal = 1; renewal <= 3; renewal++) {
      lossy.suspend(1_500);
      assert.equal(await losing(name, () => lease.resume()), held);
      stands(held);
    }
    assert.equal((await others.leases.observe(name))?.renewals, 3);
  });

  it('are known to be lost although the answer to the renewal that would tell was lost', async () => {
    const name = aName();
    const lease = lossy.leases.lease(name);
    const held = await has(lease.tryAcquire());
    await others.leases.break(name, 'stuck', 'ops');
    lossy.suspend(1_500);
    assert.equal(await losing(name, () => lease.resume()), undefined);
    isOver(held);
    assert.match(held.signal.reason.message, /operator/);
  });

  it('are given back although the answer to the release was lost', async () => {
    const name = aName();
    const held = await has(lossy.leases.lease(name).tryAcquire());
    await losing(name, () => held.release());
    await has(others.leases.lease(name).tryAcquire());
  });

  it('let fenced writes through once although the answer was lost, and tell who was refused', async () => {
    const [name, id] = [aName(), randomUUID()];
    const held = await has(lossy.leases.lease(name).tryAcquire());
    const write = { op: 'create' as const, collection: 'effects', id, value: {} };
    const [version] = await losing(id, () => held.fenced([write]));
    assert.equal((await others.store.get('effects', id))?.version, version);
    await others.leases.break(name, 'stuck', 'ops');
    const stale = { ...write, id: randomUUID() };
    // A refusal whose answer was lost cannot be told from a success that was undone since.
    const honest = (error: unknown) => isLost(error) || isAppError(error, 'outcome_unknown');
    await assert.rejects(
      losing(stale.id, () => held.fenced([stale])),
      honest,
    );
    assert.equal(await others.store.get('effects', stale.id), undefined);
    if (!held.signal.aborted) await once(held.signal, 'abort');
    isOver(held);
  });

  it('are taken over by a fresh process with its first look, once the server says that they have stood still', async () => {
    const name = aName();
    const durationMs = 3_000;
    const dead = await aProcess(emulator);
    const held = await has(dead.leases.lease(name, { durationMs }).tryAcquire());
    // It dies without a word.
    dead.store.commit = () => new Promise(() => {});
    dead.store.down = true;
    await dead.leases.close(0);
    const fresh = () => others.leases.lease(name, { durationMs });
    assert.equal(await fresh().tryAcquire(), undefined);
    const age = async () => (await others.leases.observe(name))?.ageMs ?? assert.fail('no age');
    while ((await age()) < patienceMs(durationMs)) await systemClock.sleep(50);
    others.store.forget();
    const next = await has(fresh().tryAcquire());
    assert.ok(next.token > held.token);
    assert.equal(others.store.reads.length, 1);
    await dead.store.close();
  });

  it('have exactly one winner among fifty contenders', async () => {
    const name = aName();
    const contenders = Array.from({ length: 50 }, () => others.leases.lease(name));
    for (let round = 0; round < 2; round++) {
      const results = await Promise.allSettled(contenders.map((lease) => lease.tryAcquire()));
      const won = results.flatMap((result) => (result.status === 'fulfilled' && result.value ? [result.value] : []));
      assert.equal(won.length, 1);
      stands(won[0]);
      assert.equal((await others.leases.observe(name))?.token, won[0]?.token);
      await won[0]?.release();
    }
  });

  it('number their terms upwards after both documents were deleted', async () => {
    const { leases, store } = others;
    const name = aName();
    const tokens: number[] = [];
    for (let life = 0; life < 3; life++) {
      const held = await has(leases.lease(name).tryAcquire());
      tokens.push(held.token);
      for (const collection of ['leases', 'lease-terms'])
        await store.delete(collection, name, (await store.get(collection, name))?.version ?? '');
      await assert.rejects(held.fenced([]), isLost);
      await held.release();
    }
    assert.deepEqual(
      tokens,
      [...new Set(tokens)].toSorted((a, b) => a - b),
    );
  });
});

/** Writes that happen only while a term lasts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import type { Write } from '../store/store.ts';
import { aProcess, has, isLost, isOver, settle, stands, twoProcesses, type WatchedStore } from './lease-rig.ts';
import { createLeases } from './leases.ts';
import type { LeaseRecords } from './records.ts';

const D = 15_000;
const effect = (id: string): Write => ({ op: 'create', collection: 'effects', id, value: {} });
const effects = async (store: WatchedStore) => (await store.list('effects', { limit: 100 })).docs.map(({ id }) => id);
const conflict = (error: unknown) => isAppError(error, 'conflict');

describe('fenced writes', () => {
  it('happen in one commit with the guard, which nothing is read for, and answer their own versions', async () => {
    const { store, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    store.forget();
    const versions = await held.fenced([effect('a'), effect('b')]);
    assert.deepEqual(store.reads, []);
    assert.deepEqual(store.commits, [['check lease-terms/cron', 'create effects/a', 'create effects/b']]);
    assert.deepEqual(versions, [
      (await store.get('effects', 'a'))?.version,
      (await store.get('effects', 'b'))?.version,
    ]);
  });

  it('go through side by side, renewals in between', async () => {
    const { store, one, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    for (let round = 0; round < 5; round++) {
      await Promise.all([held.fenced([effect(`a${round}`)]), one.advance(D / 3), held.fenced([effect(`b${round}`)])]);
    }
    assert.equal((await effects(store)).length, 10);
  });

  it('are refused for one that another process has taken over from, though its own clock stands still', async () => {
    const { store, one, two, lease, other } = twoProcesses();
    const held = await has(lease.tryAcquire());
    store.down = true;
    const waiting = other.acquire({ wait: 60_000 });
    store.down = false;
    await two.advance(20_000);
    const next = await waiting;
    stands(held);
    await assert.rejects(held.fenced([effect('stale')]), isLost);
    await settle();
    assert.match(held.signal.reason.message, /somebody else has taken it/);
    isOver(held);
    await next.fenced([effect('fresh')]);
    assert.deepEqual(await effects(store), ['fresh']);
    assert.equal(one.sleepers, 0);
  });

  it('are refused at once when the lease was taken away', async () => {
    const { store, two, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    await two.leases.break('cron', 'stuck', 'ops');
    stands(held);
    await assert.rejects(held.fenced([effect('stale')]), isLost);
    assert.deepEqual(await effects(store), []);
  });

  it('that meet a conflict of their own say so, and the term goes on', async () => {
    const { store, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    await held.fenced([effect('a')]);
    await assert.rejects(held.fenced([effect('b'), effect('a')]), conflict);
    stands(held);
    await settle();
    await held.fenced([effect('c')]);
    assert.deepEqual(await effects(store), ['a', 'c']);
  });

  it('that were refused are said to be refused, also where it cannot be found out why', async () => {
    const { store, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    await held.fenced([effect('a')]);
    store.disturb('commit', 'none', 'answer lost');
    await assert.rejects(held.fenced([effect('a')]), conflict);
    store.disturb('commit', 'none', 'request lost');
    await assert.rejects(held.fenced([effect('a')]), conflict);
    stands(held);
  });

  it('are not even tried when the term is over', async () => {
    const { store, one, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    one.pause(D);
    store.forget();
    await assert.rejects(held.fenced([effect('a')]), isLost);
    const again = await has(lease.tryAcquire());
    await assert.rejects(held.fenced([effect('a')]), isLost);
    await again.release();
    await assert.rejects(again.fenced([effect('a')]), isLost);
    assert.deepEqual(await effects(store), []);
  });

  it('whose answer is lost are not said to be refused', async () => {
    const { store, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    store.disturb('commit', 'answer lost');
    await assert.rejects(held.fenced([effect('a')]), (error) => isAppError(error, 'outcome_unknown'));
    stands(held);
  });

  it('may be 498 and no more', async () => {
    const { store, lease } = twoProcesses();
    const held = await has(lease.tryAcquire());
    const many = (count: number) => Array.from({ length: count }, (_, n) => effect(`n${n}`));
    await assert.rejects(held.fenced(many(499)), (error) => isAppError(error, 'too_large'));
    assert.deepEqual(await effects(store), []);
    assert.equal((await held.fenced(many(498))).length, 498);
  });
});

describe('fenced writes whose guard is a document that they change', () => {
  /** As a keeper outside the store has it: the guard raises a number there, and checks it from then on. */
  function raising(records: LeaseRecords, store: WatchedStore): LeaseRecords {
    const known = new Map<string, string>();
    return {
      ...records,
      async guard(name, fence) {
        const at = { collection: 'fences', id: name };
        const value = { token: records.tokenOf(fence) };
        const doc = await store.get<typeof value>('fences', name);
        const raised = doc?.value.token === value.token;
        const change: Write = doc
          ? { op: 'replace', ...at, value, ifVersion: doc.version }
          : { op: 'create', ...at, value };
        return {
          writes: [raised ? { op: 'check', ...at, ifVersion: doc.version } : change],
          committed: ([version = '']) => known.set(fence, version),
        };
      },
    };
  }

  it('go through side by side from the beginning', async () => {
    const { store } = twoProcesses();
    const process = aProcess(store);
    const records = raising(process.records, store);
    const { clock, log } = process;
    const leases = createLeases({ records, store, host: 'test', clock, ids: process.ids, log });
    const held = await has(leases.lease('cron').tryAcquire());
    await Promise.all(['a', 'b', 'c'].map((id) => held.fenced([effect(id)])));
    assert.deepEqual(await effects(store), ['a', 'b', 'c']);
    await assert.rejects(held.fenced([effect('a')]), conflict);
    stands(held);
    await leases.close(1_000);
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { AppError, isAppError } from '../errors.ts';
import { openDatabase } from '../sqlite/database.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import { createSqliteDriver } from '../store/sqlite.ts';
import type { Store, StoreDriver } from '../store/store.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { busy, effect, effects, event, LEASE_MS, process, STALE_MS } from './inbox-rig.ts';

/** A worker that stops in the middle, until it is told to go on. */
function stalled(id: string) {
  const begun = Promise.withResolvers<{ key: string; token: number }>();
  const go = Promise.withResolvers<void>();
  const work = async (claimed: { key: string; token: number }) => {
    begun.resolve(claimed);
    await go.promise;
    return [effect(id)];
  };
  return { work, begun: begun.promise, go: go.resolve };
}

const STORES: Record<string, (t: TestContext) => Store> = {
  memory: () => withShorthands(createMemoryDriver()),
  sqlite: (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'hawker-inbox-'));
    const database = openDatabase(join(folder, 'hawker.db'));
    t.after(() => {
      database.close();
      rmSync(folder, { recursive: true });
    });
    return withShorthands(createSqliteDriver(database, createFakeClock()));
  },
};

for (const [name, open] of Object.entries(STORES)) {
  describe(`an event at one consumer (${name})`, () => {
    test('takes effect once though it is delivered again, here and elsewhere', async (t) => {
      const store = open(t);
      const [a, b] = [process(store), process(store)];
      assert.equal(await a.once(event(), LEASE_MS, async () => [effect('1')]), true);
      assert.equal(await a.once(event(), LEASE_MS, async () => assert.fail('worked')), false);
      assert.equal(await b.once(event(), LEASE_MS, async () => assert.fail('worked')), false);
      assert.deepEqual(await effects(store), ['1']);
    });

    test('is another one with another id, from another source or for another consumer', async (t) => {
      const store = open(t);
      const a = process(store);
      const others = [
        event(),
        event('e2'),
        { ...event(), source: '/test2' },
        { ...event(), source: '/teste', id: '1' },
      ];
      for (const [index, given] of others.entries())
        assert.equal(await a.once(given, LEASE_MS, async () => [effect(`${index}`)]), true);
      assert.equal(await process(store, 'other').once(event(), LEASE_MS, async () => [effect('other')]), true);
      assert.equal((await effects(store)).length, 5);
    });

    test('comes back later while another worker has it', async (t) => {
      const store = open(t);
      const [a, b] = [process(store), process(store)];
      const slow = stalled('a');
      const first = a.once(event(), LEASE_MS, slow.work);
      await slow.begun;
      await assert.rejects(
        b.once(event(), LEASE_MS, async () => assert.fail('worked')),
        busy,
      );
      await assert.rejects(
        a.once(event(), LEASE_MS, async () => assert.fail('worked')),
        busy,
      );
      slow.go();
      assert.equal(await first, true);
      assert.deepEqual(await effects(store), ['a']);
    });

    test('is taken over from a worker that died, after its lease and not before', async (t) => {
      const store = open(t);
      const [a, b] = [process(store), process(store)];
      const dead = stalled('a');
      const never = a.once(event(), LEASE_MS, dead.work);
      never.catch(() => undefined);
      await dead.begun;
      await b.clock.advance(10 * STALE_MS);
      await assert.rejects(
        b.once(event(), LEASE_MS, async () => assert.fail('worked')),
        busy,
        'seen for the first time',
      );
      await b.clock.advance(LEASE_MS);
      await assert.rejects(
        b.once(event(), LEASE_MS, async () => assert.fail('worked')),
        busy,
        'clocks may differ a little',
      );
      await b.clock.advance(STALE_MS - LEASE_MS);
      const tokens: number[] = [];
      const took = await b.once(event(), LEASE_MS, async ({ token }) => {
        tokens.push(token);
        return [effect('b')];
      });
      assert.equal(took, true);
      assert.deepEqual(tokens, [2]);
      assert.deepEqual(await effects(store), ['b']);
    });

    test('is waited for anew after it changed hands', async (t) => {
      const store = open(t);
      const [a, b, c] = [process(store), process(store), process(store)];
      const [first, second] = [stalled('a'), stalled('b')];
      a.once(event(), LEASE_MS, first.work).catch(() => undefined);
      await first.begun;
      for (const other of [b, c]) await assert.rejects(other.once(event(), LEASE_MS, second.work), busy);
      for (const other of [b, c]) await other.clock.advance(STALE_MS);
      b.once(event(), LEASE_MS, second.work).catch(() => undefined);
      await second.begun;
      await assert.rejects(
        c.once(event(), LEASE_MS, async () => assert.fail('worked')),
        busy,
      );
    });

    test('is not done by a worker that wakes after it was taken over', async (t) => {
      const store = open(t);
      const [a, b] = [process(store), process(store)];
      const [zombie, second] = [stalled('a'), stalled('b')];
      const late = a.once(event(), LEASE_MS, zombie.work);
      const first = await zombie.begun;
      await assert.rejects(b.once(event(), LEASE_MS, second.work), busy);
      await b.clock.advance(STALE_MS);
      const taken = b.once(event(), LEASE_MS, second.work);
      assert.deepEqual(await second.begun, { key: first.key, token: 2 });
      zombie.go();
      await assert.rejects(late, busy, 'the new worker still works: its end is not known');
      second.go();
      assert.equal(await taken, true);
      assert.deepEqual(await effects(store), ['b']);
    });

    test('is over for a worker that wakes after another has ended it', async (t) => {
      const store = open(t);
      const [a, b] = [process(store), process(store)];
      const zombie = stalled('a');
      const late = a.once(event(), LEASE_MS, zombie.work);
      await zombie.begun;
      await assert.rejects(
        b.once(event(), LEASE_MS, async () => []),
        busy,
      );
      await b.clock.advance(STALE_MS);
      assert.equal(await b.once(event(), LEASE_MS, async () => [effect('b')]), true);
      zombie.go();
      assert.equal(await late, false);
      assert.deepEqual(await effects(store), ['b']);
    });

    test('is free at once after its worker failed', async (t) => {
      const store = open(t);
      const [a, b] = [process(store), process(store)];
      const failing = a.once(event(), LEASE_MS, () => Promise.reject(new AppError('unavailable', 'x')));
      await assert.rejects(failing, (error) => isAppError(error, 'unavailable'));
      const tokens: number[] = [];
      await b.once(event(), LEASE_MS, async ({ token }) => {
        tokens.push(token);
        return [effect('b')];
      });
      assert.deepEqual(tokens, [2]);
    });

    test("is not done where one of the work's own writes is refused", async (t) => {
      const store = open(t);
      const a = process(store);
      await store.create('effects', '1', {});
      await assert.rejects(
        a.once(event(), LEASE_MS, async () => [effect('1')]),
        (error) => isAppError(error, 'conflict'),
      );
      assert.deepEqual(await a.done([event()]), [false]);
      assert.equal(await a.once(event(), LEASE_MS, async () => [effect('2')]), true);
    });

    test('is noted in the same commit as writes that need no work, and refuses the commit when it was noted before', async (t) => {
      const store = open(t);
      const [a, b] = [process(store), process(store)];
      await store.commit([effect('1'), ...a.record([event('e1'), event('e2')])]);
      const again = store.commit([effect('2'), ...b.record([event('e3'), event('e2')])]);
      await assert.rejects(again, (error) => isAppError(error, 'conflict'));
      assert.deepEqual(await b.done([event('e3'), event('e2'), event('e1')]), [false, true, true]);
      assert.deepEqual(await effects(store), ['1']);
      assert.equal(await b.once(event('e1'), LEASE_MS, async () => assert.fail('worked')), false);
    });
  });
}

test('records are kept as long as a message may come again', async () => {
  const kept: (Date | undefined)[] = [];
  const driver = createMemoryDriver();
  const commit: StoreDriver['commit'] = (writes) => {
    for (const write of writes) if (write.op === 'create' || write.op === 'replace') kept.push(write.expireAt);
    return driver.commit(writes);
  };
  const a = process(withShorthands({ ...driver, commit }));
  await a.once(event(), LEASE_MS, async () => []);
  a.record([event('e2')]);
  assert.deepEqual(kept, Array(2).fill(new Date('2026-01-09T00:00:00Z')));
});

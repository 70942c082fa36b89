import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MANIFEST } from '#functions/manifest.ts';
import { isAppError } from '#shared/errors.ts';
import { fenceOf, type LeaseRecord } from '#shared/lease/record.ts';
import { createStoreRecords } from '#shared/lease/store-records.ts';
import type { Store } from '#shared/store/store.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { movedCollections, settledByRule } from './collections.ts';
import { documentLines, exported, imported, openFirestore, openSqlite, skip, temporaryFolder } from './testing.ts';

const C = movedCollections(MANIFEST);
const START = Date.parse('2026-01-01T00:00:00Z');

const record = (term: number): LeaseRecord => ({
  ...{ holder: `host_${term}`, nonce: `n${term}`, durationMs: 15_000, renewals: 0, term, successor: 'next' },
  since: '2026-01-02T03:04:05.678Z',
});

/** Takes the lease as whoever finds it free would, and answers the token of the term. */
async function take(store: Store): Promise<{ token: number; term: number }> {
  const records = createStoreRecords(store, 'a test');
  const found = await records.read('cron');
  const term = (found?.record.term ?? 0) + 1;
  const version = await records.write('cron', {
    kind: 'take',
    record: record(term),
    ...(found && { expects: found.version }),
  });
  const fence = fenceOf((await records.read('cron')) ?? assert.fail());
  assert.equal(fence, version);
  return { token: records.tokenOf(fence), term };
}

describe('leases that were moved', () => {
  it('leaves who holds a lease behind, and nothing else of the manifest', () => {
    const all = new Set(MANIFEST.flatMap(({ store }) => Object.keys(store)));
    assert.deepEqual(
      [...all].filter((name) => !C.includes(name)),
      ['leases'],
    );
    assert.deepEqual(C, C.toSorted());
  });

  it('are free, and taken at once by the next term, with a higher token', async () => {
    using one = temporaryFolder();
    using two = temporaryFolder();
    await using from = openSqlite(one.path);
    await using to = openSqlite(two.path);
    const before = await take(from.store);
    await exported(from.store, one.file('f'), C);
    assert.doesNotMatch(documentLines(one.file('f')).join(), /host_1|"next"/);
    await imported(to.store, one.file('f'), C);
    const found = await createStoreRecords(to.store, 'a test').read('cron');
    assert.equal(found?.record.holder, '');
    assert.equal(found?.record.successor, undefined);
    const after = await take(to.store);
    assert.equal(after.term, 2);
    assert.ok(after.token > before.token);
  });

  it('have higher tokens in the Firestore emulator, and higher ones again after the way back', { skip }, async () => {
    using one = temporaryFolder();
    using two = temporaryFolder();
    await using from = openSqlite(one.path);
    await using cloud = openFirestore();
    await using back = openSqlite(two.path);
    const tokens = [(await take(from.store)).token];
    await exported(from.store, one.file('1'), C);
    await imported(cloud.store, one.file('1'), C);
    tokens.push((await take(cloud.store)).token);
    await exported(cloud.store, one.file('2'), C);
    await imported(back.store, one.file('2'), C);
    tokens.push((await take(back.store)).token);
    assert.deepEqual(
      tokens,
      [...new Set(tokens)].toSorted((a, b) => a - b),
    );
  });

  it('never have a token that is not higher than all before, wherever they move and whatever the clocks there say', async () => {
    /** Where to: how far that machine's clock is off. How many terms there before the next move. */
    const moves = fc.array(fc.record({ skewMs: fc.integer({ min: -60_000, max: 60_000 }), terms: fc.nat(3) }), {
      minLength: 1,
      maxLength: 5,
    });
    let refusals = 0;
    await fc.assert(
      fc.asyncProperty(moves, async (given) => {
        using files = temporaryFolder();
        await using places = new AsyncDisposableStack();
        let { store } = places.use(openSqlite(files.file('first'), createFakeClock(START)));
        let highest = (await take(store)).token;
        let terms = 1;
        for (const [n, { skewMs, terms: more }] of given.entries()) {
          const clock = createFakeClock(START + skewMs);
          const next = places.use(openSqlite(files.file(`place-${n}`), clock));
          const file = files.file(`file-${n}`);
          await exported(store, file, C, { clock });
          try {
            await imported(next.store, file, C, { clock });
          } catch (error) {
            assert.ok(isAppError(error, 'unavailable') && /must never go down/.test(error.message), String(error));
            for (const name of C) assert.deepEqual((await next.store.list(name, { limit: 1 })).docs, []);
            refusals++;
            continue;
          }
          store = next.store;
          for (let taken = 0; taken <= more; taken++) {
            const { token, term } = await take(store);
            assert.ok(token > highest);
            assert.equal(term, ++terms);
            highest = token;
          }
        }
      }),
      { numRuns: 40 },
    );
    assert.ok(refusals > 0);
  });

  it('leave a term that runs in the new place alone, whatever was asked for', async () => {
    using one = temporaryFolder();
    using two = temporaryFolder();
    await using from = openSqlite(one.path);
    await using to = openSqlite(two.path);
    await take(from.store);
    const records = createStoreRecords(to.store, 'a test');
    await take(to.store);
    const fence = fenceOf((await records.read('cron')) ?? assert.fail());
    await exported(from.store, one.file('f'), C);
    const { counts } = await imported(to.store, one.file('f'), C, { policy: 'replace' });
    assert.equal(counts['lease-terms']?.keep, 1);
    await to.store.commit([...(await records.guard('cron', fence)).writes]);
  });

  it('keep the higher fence of a cluster, whatever was asked for', async () => {
    assert.equal(settledByRule('lease-fences', { token: 7 }, { token: 7 }), 'keep');
    for (const policy of ['keep', 'replace', 'refuse'] as const) {
      using one = temporaryFolder();
      using two = temporaryFolder();
      await using from = openSqlite(one.path);
      await using to = openSqlite(two.path);
      for (const [id, there, here] of [
        ['low', 5, 9],
        ['high', 9, 5],
      ] as const) {
        await from.store.create('lease-fences', id, { token: here });
        await to.store.create('lease-fences', id, { token: there });
      }
      await exported(from.store, one.file('f'), C);
      await imported(to.store, one.file('f'), C, { policy });
      for (const id of ['low', 'high']) assert.deepEqual((await to.store.get('lease-fences', id))?.value, { token: 9 });
    }
  });
});

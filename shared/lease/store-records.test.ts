import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../clock.ts';
import { isAppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { openDatabase } from '../sqlite/database.ts';
import { createFirestoreDriver } from '../store/firestore.ts';
import { withShorthands } from '../store/index.ts';
import { createSqliteDriver } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { watch } from './lease-rig.ts';
import { fenceOf, type LeaseRecord } from './record.ts';
import { recordsContract } from './records.contract.ts';
import { createStoreRecords } from './store-records.ts';

const emulator = process.env['FIRESTORE_EMULATOR_HOST'] ?? '';

recordsContract({
  name: 'memory',
  async open() {
    const store = watch();
    return { records: createStoreRecords(store, 'memory'), store, close: () => store.close() };
  },
});

recordsContract({
  name: 'SQLite',
  async open() {
    const folder = mkdtempSync(join(tmpdir(), 'hawker-lease-'));
    const database = openDatabase(join(folder, 'hawker.db'));
    const store = withShorthands(createSqliteDriver(database, systemClock));
    const close = async () => {
      database.close();
      rmSync(folder, { recursive: true });
    };
    return { records: createStoreRecords(store, 'SQLite'), store, close };
  },
});

recordsContract({
  name: 'Firestore',
  ...(!emulator && { skip: 'needs the Firestore emulator at FIRESTORE_EMULATOR_HOST' }),
  async open() {
    const project = `hawker-${Date.now().toString(36)}-${process.pid}`;
    const driver = createFirestoreDriver({ project, emulator, clock: systemClock, ids: systemIds, timeoutMs: 30_000 });
    const store = withShorthands(driver);
    return { records: createStoreRecords(store, 'Firestore'), store, close: () => store.close() };
  },
});

const conflict = (error: unknown) => isAppError(error, 'conflict');

const held: LeaseRecord = {
  ...{ holder: 'one_x1', nonce: 'n1', durationMs: 15_000, renewals: 0, term: 1 },
  since: '2026-01-02T03:04:05.678Z',
};
const next: LeaseRecord = { ...held, holder: 'two_x2', nonce: 'n2', term: 2 };

/** A lease that `one_x1` has taken and renewed once. */
async function begun() {
  const store = watch();
  const records = createStoreRecords(store, 'memory');
  const fence = await records.write('cron', { kind: 'take', record: held });
  const record = { ...held, renewals: 1, fence };
  const version = await records.write('cron', { kind: 'renew', expects: fence, record });
  store.forget();
  return { store, records, fence, record, version };
}

async function remove(store: Store, collection: string): Promise<void> {
  await store.delete(collection, 'cron', (await store.get(collection, 'cron'))?.version ?? '');
}

async function guards(store: Store, records: ReturnType<typeof createStoreRecords>, fence: string): Promise<boolean> {
  const { writes } = await records.guard('cron', fence);
  return store.commit(writes).then(
    () => true,
    () => false,
  );
}

describe('what a lease costs in the store', () => {
  it('a look is one read, a renewal one write of one document', async () => {
    const { store, records, record, version } = await begun();
    await records.read('cron');
    assert.deepEqual(store.reads, ['leases/cron']);
    store.forget();
    await records.write('cron', { kind: 'renew', expects: version, record: { ...record, renewals: 2 } });
    assert.deepEqual([store.reads, store.commits], [[], [['replace leases/cron']]]);
  });

  it('the next term is one commit of two documents, and nothing is read for it', async () => {
    const { store, records } = await begun();
    const sighting = await records.read('cron');
    store.forget();
    await records.write('cron', { kind: 'take', expects: sighting?.version ?? '', record: next });
    assert.deepEqual([store.reads, store.commits], [[], [['replace leases/cron', 'replace lease-terms/cron']]]);
  });

  it('a process that did not see the version itself reads once to begin a term', async () => {
    const { store, version } = await begun();
    const other = createStoreRecords(store, 'memory');
    await other.write('cron', { kind: 'take', expects: version, record: next });
    assert.deepEqual([store.reads, store.commits.length], [['leases/cron'], 1]);
  });
});

describe('a lease whose record somebody deleted', () => {
  it('is still seen as its term began, at one version however often it is looked at, with no age', async () => {
    const { store, records, fence } = await begun();
    await remove(store, 'leases');
    const sighting = await records.read('cron');
    assert.deepEqual(sighting?.record, { ...held, fence });
    assert.deepEqual(await records.read('cron'), sighting);
    assert.equal('ageMs' in (sighting ?? {}), false);
  });

  it('gets its record back with the next renewal, in the same term', async () => {
    const { store, records, fence, record, version } = await begun();
    await remove(store, 'leases');
    await assert.rejects(records.write('cron', { kind: 'renew', expects: version, record }));
    const gone = (await records.read('cron'))?.version ?? '';
    const renewed = await records.write('cron', { kind: 'renew', expects: gone, record });
    const sighting = await records.read('cron');
    assert.deepEqual(sighting, { version: renewed, record });
    assert.equal(await guards(store, records, fence), true);
  });

  it('is renewed by nobody but the holder of the last term', async () => {
    const { store, records, record } = await begun();
    await remove(store, 'leases');
    const gone = (await records.read('cron'))?.version ?? '';
    await records.write('cron', { kind: 'take', expects: gone, record: next });
    await remove(store, 'leases');
    await assert.rejects(records.write('cron', { kind: 'renew', expects: gone, record }));
  });

  it('begins a next term with a higher token, which ends the old guard', async () => {
    const { store, records, fence } = await begun();
    await remove(store, 'leases');
    const gone = (await records.read('cron'))?.version ?? '';
    const later = await records.write('cron', { kind: 'take', expects: gone, record: next });
    assert.ok(records.tokenOf(later) > records.tokenOf(fence));
    assert.equal(await guards(store, records, fence), false);
    assert.equal(await guards(store, records, later), true);
  });
});

describe('a lease whose term document somebody deleted or imported', () => {
  it('cannot be fenced by the old term, and the second attempt at the next term sets it right', async () => {
    for (const damage of ['deleted', 'imported'] as const) {
      const { store, records, fence, version } = await begun();
      const term = await store.get('lease-terms', 'cron');
      await remove(store, 'lease-terms');
      if (damage === 'imported') await store.create('lease-terms', 'cron', term?.value ?? {});
      assert.equal(await guards(store, records, fence), false);
      const take = () => records.write('cron', { kind: 'take', expects: version, record: next });
      await assert.rejects(take(), conflict);
      const later = await take();
      assert.ok(records.tokenOf(later) > records.tokenOf(fence));
      assert.equal(await guards(store, records, later), true);
      assert.equal(fenceOf((await records.read('cron')) ?? assert.fail()), later);
    }
  });

  it('goes on after an import that gave both documents new versions', async () => {
    const { store, fence } = await begun();
    for (const collection of ['leases', 'lease-terms']) {
      const doc = await store.get(collection, 'cron');
      await remove(store, collection);
      await store.create(collection, 'cron', doc?.value ?? {});
    }
    const records = createStoreRecords(store, 'memory');
    const sighting = (await records.read('cron')) ?? assert.fail();
    assert.equal(fenceOf(sighting), fence);
    assert.equal(await guards(store, records, fence), false);
    const take = () => records.write('cron', { kind: 'take', expects: sighting.version, record: next });
    await assert.rejects(take(), conflict);
    const later = await take();
    assert.ok(records.tokenOf(later) > records.tokenOf(fence));
    assert.equal(await guards(store, records, later), true);
  });

  it('is not taken over a record that has changed meanwhile', async () => {
    const { store, records, record, version } = await begun();
    await remove(store, 'lease-terms');
    await records.write('cron', { kind: 'renew', expects: version, record: { ...record, renewals: 2 } });
    for (let attempt = 0; attempt < 3; attempt++)
      await assert.rejects(records.write('cron', { kind: 'take', expects: version, record: next }), conflict);
    assert.equal((await records.read('cron'))?.record.holder, held.holder);
    assert.equal(await store.get('lease-terms', 'cron'), undefined);
  });
});

describe('tokens', () => {
  it('grow after both documents were deleted', async () => {
    const { store, records, fence } = await begun();
    await remove(store, 'leases');
    await remove(store, 'lease-terms');
    assert.equal(await records.read('cron'), undefined);
    const later = await createStoreRecords(store, 'memory').write('cron', { kind: 'take', record: held });
    assert.ok(records.tokenOf(later) > records.tokenOf(fence));
  });

  it('grow from one SQLite file to the next', async (t: TestContext) => {
    const folder = mkdtempSync(join(tmpdir(), 'hawker-lease-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const tokens: number[] = [];
    for (const file of ['first.db', 'first.db', 'second.db']) {
      const database = openDatabase(join(folder, file));
      const records = createStoreRecords(withShorthands(createSqliteDriver(database, systemClock)), 'SQLite');
      const expects = (await records.read('cron'))?.version;
      const fence = await records.write('cron', { kind: 'take', ...(expects && { expects }), record: held });
      tokens.push(records.tokenOf(fence));
      database.close();
    }
    assert.deepEqual(
      tokens,
      [...new Set(tokens)].toSorted((a, b) => a - b),
    );
  });
});

it('a record that somebody edited beyond recognition is named, and not taken for a free lease', async () => {
  const { store, records, version } = await begun();
  await store.replace('leases', 'cron', { holder: '' }, version);
  await assert.rejects(
    records.read('cron'),
    (error) => isAppError(error, 'invalid') && /leases\/cron/.test(error.message),
  );
});

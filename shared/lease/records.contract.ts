/** What every keeper of leases promises to the state machine, as tests: run over each by its own test file. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { fenceOf, type LeaseRecord, type RecordVersion, type Sighting } from './record.ts';
import type { LeaseRecords } from './records.ts';

interface ContractOptions {
  name: string;
  /** Records to test, and the store that their guards are for; what earlier runs left in them does no harm. */
  open: () => Promise<{ records: LeaseRecords; store: Store; close: () => Promise<void> }>;
  /** Why the whole suite cannot run here. */
  skip?: string;
}

const aName = () => `contract-${randomUUID()}`;

function aTerm(given: Partial<LeaseRecord> = {}): LeaseRecord {
  return {
    ...{ holder: 'one_x1', nonce: randomUUID(), durationMs: 15_000, renewals: 0, term: 1 },
    since: '2026-01-02T03:04:05.678Z',
    ...given,
  };
}

export function recordsContract({ name: driver, open, skip }: ContractOptions): void {
  describe(`${driver} lease records`, { skip: skip ?? false, timeout: 120_000 }, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let records: LeaseRecords;
    before(async () => {
      opened = await open();
      records = opened.records;
    });
    after(async () => {
      await opened?.records.close();
      await opened?.close();
    });

    const seen = async (name: string): Promise<Sighting> => (await records.read(name)) ?? assert.fail('no record');
    const begin = (name: string, record: LeaseRecord, expects?: RecordVersion) =>
      records.write(name, { kind: 'take', ...(expects !== undefined && { expects }), record });
    const renew = async (name: string, record: LeaseRecord, expects: RecordVersion, fence: RecordVersion) => {
      const renewed = { ...record, renewals: record.renewals + 1, fence };
      return { record: renewed, version: await records.write(name, { kind: 'renew', expects, record: renewed }) };
    };
    /** Whether a commit goes through that is fenced by the term which began at `fence`. */
    const fenced = async (name: string, fence: RecordVersion): Promise<boolean> => {
      const effect = { op: 'create' as const, collection: 'contract-effects', id: randomUUID(), value: {} };
      try {
        const guard = await records.guard(name, fence);
        const versions = await opened.store.commit([...guard.writes, effect]);
        guard.committed(versions.slice(0, guard.writes.length));
        return true;
      } catch (error) {
        assert.ok(isAppError(error, 'conflict') || isAppError(error, 'lease_lost'), String(error));
        assert.equal(await opened.store.get(effect.collection, effect.id), undefined);
        return false;
      }
    };

    it('have nothing of a lease that nobody has ever held', async () => {
      assert.equal(await records.read(aName()), undefined);
    });

    it('give back what was taken, renewed and freed, each at a version of its own', async () => {
      const name = aName();
      const taken = aTerm({ note: 'the nightly run, "quoted" – 夜' });
      const first = await begin(name, taken);
      const { record, version } = await seen(name);
      assert.deepEqual({ record, version }, { record: taken, version: first });
      const again = await renew(name, taken, first, first);
      const third = await renew(name, again.record, again.version, first);
      assert.equal(fenceOf(await seen(name)), first);
      assert.deepEqual((await seen(name)).record, third.record);
      const freed: LeaseRecord = { ...third.record, holder: '', successor: 'two_x2' };
      const last = await records.write(name, { kind: 'free', expects: third.version, record: freed });
      assert.deepEqual((await seen(name)).record, freed);
      assert.equal((await seen(name)).version, last);
      assert.equal(new Set([first, again.version, third.version, last]).size, 4);
    });

    it('tell no age, or one that is small for what was just written', async () => {
      const name = aName();
      await begin(name, aTerm());
      const { ageMs = 0 } = await seen(name);
      assert.ok(ageMs >= 0 && ageMs < 60_000, String(ageMs));
    });

    it('write nothing over a version that does not stand any more', async () => {
      const name = aName();
      const taken = aTerm();
      const first = await begin(name, taken);
      await assert.rejects(begin(name, aTerm({ holder: 'two_x2' })));
      const { record, version } = await renew(name, taken, first, first);
      await assert.rejects(begin(name, aTerm({ holder: 'two_x2', term: 2 }), first));
      await assert.rejects(renew(name, taken, first, first));
      await assert.rejects(records.write(name, { kind: 'free', expects: first, record: { ...taken, holder: '' } }));
      const now = await seen(name);
      assert.deepEqual({ record: now.record, version: now.version }, { record, version });
    });

    it('write nothing over a version of another lease', async () => {
      const [one, two] = [aName(), aName()];
      const first = await begin(one, aTerm());
      await assert.rejects(begin(two, aTerm(), first));
      assert.equal(await records.read(two), undefined);
    });

    it('let one of many begin the first term, and one of many the next', async () => {
      const name = aName();
      for (const round of [1, 2, 3]) {
        const expects = (await records.read(name))?.version;
        const terms = Array.from({ length: 20 }, (_, n) => aTerm({ holder: `c${n}_x`, term: round }));
        const results = await Promise.allSettled(terms.map((term) => begin(name, term, expects)));
        const won = results.flatMap((result, n) =>
          result.status === 'fulfilled' ? [{ n, version: result.value }] : [],
        );
        assert.equal(won.length, 1);
        const { record, version } = await seen(name);
        assert.equal(version, won[0]?.version);
        assert.deepEqual(record, terms[won[0]?.n ?? 0]);
      }
    });

    it('number each term higher than those before, however often these were renewed', async () => {
      const name = aName();
      let version: RecordVersion | undefined;
      const tokens: number[] = [];
      for (const term of [1, 2, 3]) {
        const taken = aTerm({ holder: `holder-${term}_x`, term });
        const fence = await begin(name, taken, version);
        const { record, version: renewed } = await renew(name, taken, fence, fence);
        version = await records.write(name, { kind: 'free', expects: renewed, record: { ...record, holder: '' } });
        const sighting = await seen(name);
        assert.equal(fenceOf(sighting), fence);
        tokens.push(records.tokenOf(fence));
      }
      assert.ok(tokens.every((token) => Number.isSafeInteger(token) && token > 0));
      assert.deepEqual(
        tokens,
        [...new Set(tokens)].toSorted((a, b) => a - b),
      );
    });

    it('guard commits for as long as the term lasts, renewals or not, several at a time too', async () => {
      const name = aName();
      const taken = aTerm();
      const fence = await begin(name, taken);
      assert.equal(await fenced(name, fence), true);
      let last = await renew(name, taken, fence, fence);
      last = await renew(name, last.record, last.version, fence);
      assert.equal(await fenced(name, fence), true);
      const several = await Promise.all([1, 2, 3].map(() => fenced(name, fence)));
      assert.deepEqual(several, [true, true, true]);
    });

    it('refuse the guard of a term for good when the next one has used its own', async () => {
      const name = aName();
      const old = await begin(name, aTerm());
      assert.equal(await fenced(name, old), true);
      const next = await begin(name, aTerm({ holder: 'two_x2', term: 2 }), old);
      assert.equal(await fenced(name, next), true);
      assert.equal(await fenced(name, old), false);
      assert.equal(await fenced(name, old), false);
      assert.equal(await fenced(name, next), true);
    });

    it('take a lease from its holder by a term that nobody has', async () => {
      const name = aName();
      const taken = aTerm();
      const old = await begin(name, taken);
      const { version } = await renew(name, taken, old, old);
      const broken = { reason: 'stuck – 夜', by: 'ops', at: '2026-01-02T03:04:06.000Z' };
      const record = { ...taken, holder: '', nonce: randomUUID(), broken };
      const fence = await begin(name, record, version);
      assert.deepEqual((await seen(name)).record, record);
      assert.equal(fenceOf(await seen(name)), fence);
      assert.ok(records.tokenOf(fence) > records.tokenOf(old));
      assert.equal(await fenced(name, fence), true);
      assert.equal(await fenced(name, old), false);
      const next = await begin(name, aTerm({ holder: 'two_x2', term: 2 }), fence);
      assert.ok(records.tokenOf(next) > records.tokenOf(fence));
    });

    it('list names in the order of their bytes, page by page', async () => {
      const prefix = aName();
      const names = ['a', 'a-b', 'a.b', 'b', 'b0'].map((end) => `${prefix}-${end}`);
      for (const name of names) await begin(name, aTerm());
      const found: string[] = [];
      for (let after: string | undefined = prefix; after !== undefined; ) {
        const page: Awaited<ReturnType<LeaseRecords['list']>> = await records.list({ after, limit: 2 });
        assert.ok(page.names.length <= 2);
        found.push(...page.names);
        after = page.next;
      }
      assert.deepEqual(
        found.filter((name) => name.startsWith(prefix)),
        names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
      );
    });
  });
}

/** What every driver of blobs promises, as tests: run over each by its own test file. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import { type Blobs, blobName } from './blobs.ts';

export interface BlobsUnderTest {
  blobs: Blobs;
  /** How many descriptors or connections are held for bodies just now. */
  held(): Promise<number>;
  close(): Promise<void>;
}

let made = 0;
const name = (at = Date.now() + 60_000) => blobName(at, `contract_${++made}-${randomBytes(9).toString('base64url')}`);
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const PNG = 'image/png';

async function read(blobs: Blobs, named: string): Promise<{ bytes: Buffer; type: string; size: number } | undefined> {
  const blob = await blobs.get(named);
  return blob && { bytes: await buffer(blob.body), type: blob.type, size: blob.size };
}

export function blobsContract(title: string, open: () => Promise<BlobsUnderTest>): void {
  describe(`${title} blobs`, { timeout: 60_000 }, () => {
    let rig: BlobsUnderTest;
    let blobs: Blobs;
    before(async () => {
      rig = await open();
      blobs = rig.blobs;
    });
    after(() => rig?.close());

    /** Waits for it: a connection that was ended is closed a moment later. */
    async function assertNothingHeld(): Promise<void> {
      for (let turn = 0; turn < 100 && (await rig.held()) > 0; turn++) await new Promise(setImmediate);
      assert.equal(await rig.held(), 0);
    }

    it('has nothing at first, and can be asked to delete it', async () => {
      assert.equal(await blobs.get(name()), undefined);
      await blobs.delete(name());
      assert.deepEqual(await blobs.list(undefined, 10), []);
    });

    it('gives back what was put, with its size and its media type', async () => {
      for (const [bytes, type] of [
        [Buffer.from('hello\n\r\n--x\0'), PNG],
        [Buffer.alloc(0), 'image/svg+xml'],
        [Buffer.from('hawker-blob 3 image/gif\nabc'), 'image/gif'],
        [randomBytes(65_536), 'application/octet-stream'],
        [randomBytes(65_537), 'image/vnd.example-1.0'],
      ] as const) {
        const named = name();
        await blobs.put(named, bytes, type);
        assert.deepEqual(await read(blobs, named), { bytes, type, size: bytes.length });
      }
    });

    it('keeps 20 MB, of a view of a larger buffer too', async () => {
      const large = randomBytes(20_000_100).subarray(50, 20_000_050);
      const named = name();
      await blobs.put(named, large, PNG);
      const found = await read(blobs, named);
      assert.equal(found?.size, 20_000_000);
      assert.equal(digest(found.bytes), digest(large));
      await blobs.delete(named);
    });

    it('puts a blob in place of another, and deletes it once or twice', async () => {
      const named = name();
      await blobs.put(named, Buffer.from('a longer first'), PNG);
      await blobs.put(named, Buffer.from('second'), 'image/jpeg');
      assert.deepEqual(await read(blobs, named), { bytes: Buffer.from('second'), type: 'image/jpeg', size: 6 });
      await blobs.delete(named);
      await blobs.delete(named);
      assert.equal(await blobs.get(named), undefined);
    });

    it('keeps one of several that are put at once under one name, whole', async () => {
      const named = name();
      const all = Array.from({ length: 8 }, (_, index) => Buffer.alloc(200_000 + index, index));
      await Promise.all(all.map((bytes, index) => blobs.put(named, bytes, `image/x-${index}`)));
      const found = await read(blobs, named);
      assert.equal(found?.type, `image/x-${found?.bytes[0]}`);
      assert.deepEqual(found?.bytes, all[found?.bytes[0] ?? 0]);
      assert.equal((await blobs.list(undefined, 1_000)).filter((listed) => listed === named).length, 1);
    });

    it('reads to its end what is deleted, or replaced, meanwhile', async () => {
      const bytes = randomBytes(2_000_000);
      for (const meanwhile of [
        (named: string) => blobs.delete(named),
        (named: string) => blobs.put(named, Buffer.from('other'), PNG),
      ]) {
        const named = name();
        await blobs.put(named, bytes, PNG);
        const blob = await blobs.get(named);
        assert.ok(blob);
        await meanwhile(named);
        assert.equal(digest(await buffer(blob.body)), digest(bytes));
      }
    });

    it('lists names in order, page after page, the overdue first', async () => {
      const at = [5, 1, 3, 2, 4].map((hour) => hour * 3_600_000);
      const names = at.flatMap((time) => [name(time), name(time), name(time)]);
      await Promise.all(names.map((named) => blobs.put(named, Buffer.from(named), PNG)));
      const ours = (listed: readonly string[]) => listed.filter((listing) => names.includes(listing));
      const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.deepEqual(ours(await blobs.list(undefined, 1_000)), sorted);
      const paged: string[] = [];
      for (let page = await blobs.list(undefined, 4); page.length > 0; page = await blobs.list(page.at(-1), 4)) {
        assert.ok(page.length <= 4);
        paged.push(...page);
      }
      assert.deepEqual(ours(paged), sorted);
      // The last one read need not be there any more.
      await blobs.delete(sorted[4] ?? '');
      assert.deepEqual((await blobs.list(sorted[4], 2)).slice(0, 2), sorted.slice(5, 7));
    });

    it('holds nothing for a body that was read, cancelled, cancelled half-way, or aborted', async () => {
      const named = name();
      await blobs.put(named, Buffer.alloc(16_000_000), PNG);
      await read(blobs, named);
      await (await blobs.get(named))?.body.cancel();
      const half = (await blobs.get(named))?.body.getReader();
      assert.ok((await half?.read())?.value?.byteLength);
      await half?.cancel();
      const stop = new AbortController();
      const aborted = (await blobs.get(named, { signal: stop.signal }))?.body.getReader();
      assert.ok((await aborted?.read())?.value?.byteLength);
      stop.abort();
      await assert.rejects(async () => {
        while (!(await aborted?.read())?.done);
      });
      await assertNothingHeld();
    });

    it('does nothing where the signal has aborted', async () => {
      const named = name();
      const signal = AbortSignal.abort();
      await assert.rejects(blobs.put(named, Buffer.from('x'), PNG, { signal }));
      assert.equal(await blobs.get(named), undefined);
      await blobs.put(named, Buffer.from('x'), PNG);
      await assert.rejects(blobs.get(named, { signal }));
      await assert.rejects(blobs.delete(named, { signal }));
      await assert.rejects(blobs.list(undefined, 1, { signal }));
      assert.equal((await read(blobs, named))?.size, 1);
      await assertNothingHeld();
    });

    it('refuses names that nobody made with blobName, bad types and bad limits', async () => {
      const good = name();
      const invalid = (error: unknown) => isAppError(error, 'invalid');
      for (const bad of [
        '',
        '.',
        '..',
        '../x',
        '/etc/passwd',
        `../${good}`,
        `${good}/..`,
        `${good}.part`,
        `${good}\n`,
        `${good}\0`,
        good.toUpperCase().replace(/^./, 'G'),
        'x'.repeat(300),
      ]) {
        await assert.rejects(blobs.put(bad, Buffer.from('x'), PNG), invalid, bad);
        await assert.rejects(blobs.get(bad), invalid, bad);
        await assert.rejects(blobs.delete(bad), invalid, bad);
        await assert.rejects(blobs.sign(bad, 60), invalid, bad);
      }
      for (const type of ['', 'image', 'image/png\r\nx: y', 'image/png; a=b', `image/${'x'.repeat(200)}`])
        await assert.rejects(blobs.put(good, Buffer.from('x'), type), invalid, type);
      for (const limit of [0, -1, 1.5, 1_001, Number.NaN]) await assert.rejects(blobs.list(undefined, limit), invalid);
    });
  });
}

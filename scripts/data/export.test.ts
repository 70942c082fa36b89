import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '#shared/errors.ts';
import type { Store } from '#shared/store/store.ts';
import { documentLines, exported, type Folder, imported, openSqlite, temporaryFolder } from './testing.ts';

const C = ['alpha', 'beta', 'gamma'];

/** Documents in two of three collections, and their export. */
async function filled(folder: Folder): Promise<{ store: Store } & AsyncDisposable> {
  const opened = openSqlite(folder.path);
  for (const collection of ['alpha', 'gamma'])
    await opened.store.commit(
      Array.from({ length: 25 }, (_, n) => ({ op: 'create', collection, id: `é😀-${n}`, value: { n, text: 'naïve' } })),
    );
  await exported(opened.store, folder.file('whole'), C);
  return opened;
}

const refusal = (pattern: RegExp) => (error: unknown) =>
  isAppError(error) && pattern.test(error.message) && !error.message.includes('\n');

describe('an export that ended too soon', () => {
  it('is gone on with behind its last whole line, wherever it was cut', async () => {
    using folder = temporaryFolder();
    await using opened = await filled(folder);
    const whole = readFileSync(folder.file('whole'));
    const lines = documentLines(folder.file('whole'));
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: whole.indexOf(10) + 1, max: whole.length }), async (cut) => {
        const path = folder.file(`cut-${runs++}`);
        // What is longer than all that is still to come must not stay behind it.
        writeFileSync(`${path}.part`, Buffer.concat([whole.subarray(0, cut), Buffer.alloc(10_000, 'x')]));
        const { oneMoment, collections } = await exported(opened.store, path, C, { resume: true });
        assert.equal(oneMoment, false);
        assert.deepEqual([collections['alpha']?.documents, collections['gamma']?.documents], [25, 25]);
        assert.deepEqual(documentLines(path), lines);
        assert.equal(existsSync(`${path}.part`), false);
        using other = temporaryFolder();
        await using to = openSqlite(other.path);
        await imported(to.store, path, C, { dryRun: true });
      }),
      { numRuns: 60 },
    );
  });

  const left: [string, (part: string) => void, RegExp][] = [
    ['nothing', () => undefined, /there is no file .*\.part/],
    ['not even its first line', (part) => truncateSync(part, 20), /not even its first line is whole/],
    ['something else', (part) => writeFileSync(part, 'shopping list\n'), /not the beginning of an export/],
    ['a damaged line', (part) => writeFileSync(part, `${readFileSync(part, 'utf8')}{"collection"\n`), /damaged/],
    [
      "another store's",
      (part) => writeFileSync(part, readFileSync(part, 'utf8').replace('a test', 'another')),
      /another store \(another\)/,
    ],
    [
      'one of other collections',
      (part) => writeFileSync(part, readFileSync(part, 'utf8').replace('"beta"', '"bet"')),
      /another version of Hawker/,
    ],
  ];
  for (const [what, spoil, reason] of left)
    it(`is not gone on with where it left ${what}`, async () => {
      using folder = temporaryFolder();
      await using opened = await filled(folder);
      const part = folder.file('f.part');
      if (what !== 'nothing') {
        const text = readFileSync(folder.file('whole'), 'utf8');
        writeFileSync(part, text.slice(0, text.indexOf('\n{"end"') + 1));
        spoil(part);
      }
      const kept = existsSync(part) && readFileSync(part);
      await assert.rejects(exported(opened.store, folder.file('f'), C, { resume: true }), refusal(reason));
      assert.deepEqual(existsSync(part) && readFileSync(part), kept);
    });

  it('is neither overwritten nor taken for a whole one', async () => {
    using folder = temporaryFolder();
    await using opened = await filled(folder);
    await assert.rejects(exported(opened.store, folder.file('whole'), C), refusal(/is there already/));
    copyFileSync(folder.file('whole'), folder.file('f.part'));
    await assert.rejects(exported(opened.store, folder.file('f'), C), refusal(/--resume, or remove it/));
    await assert.rejects(exported(opened.store, folder.file('no/f'), C), refusal(/folder of .* does not exist/));
  });
});

describe('a file that is not what was exported', () => {
  let text: string;
  before(async () => {
    using folder = temporaryFolder();
    await using _ = await filled(folder);
    text = readFileSync(folder.file('whole'), 'utf8');
  });

  /** Must be refused before the store is asked anything. */
  async function refused(bytes: Buffer | string, reason: RegExp): Promise<void> {
    using folder = temporaryFolder();
    writeFileSync(folder.file('f'), bytes);
    const untouched = new Proxy({}, { get: () => assert.fail('the store was asked') }) as Store;
    await assert.rejects(imported(untouched, folder.file('f'), C), refusal(reason));
  }

  it('is refused whichever byte was changed', async () => {
    const whole = Buffer.from(text);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Buffer.from(whole);
        bytes.writeUInt8(bytes.readUInt8(at) ^ change, at);
        // Without its line feed the last line is as whole as with it.
        if (at < whole.length - 1) await refused(bytes, /./);
      }),
      { numRuns: 300 },
    );
  });

  it('is refused wherever it was cut', async () => {
    const whole = Buffer.from(text);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 2), (cut) =>
        refused(whole.subarray(0, cut), /cut off|is empty|no file of/),
      ),
      { numRuns: 100 },
    );
  });

  const cases: [string, (text: string) => string, RegExp][] = [
    ['another format', () => '{"hello":1}\n', /no file of `npm run data -- export`/],
    ['a later format version', (whole) => whole.replace('"version":1', '"version":2'), /format version 2.* reads 1/],
    ['unknown collections', (whole) => whole.replace('"beta"', '"delta"'), /does not know: delta/],
    ['a line more', (whole) => `${whole}\n`, /something follows the last line/],
    ['a line twice', (whole) => whole.replace(/(\n.*)(\n)/, '$1$1$2'), /line 3: a document out of order, or twice/],
    ['a line of megabytes', (whole) => whole.replace('naïve', 'x'.repeat(2 ** 21)), /line of more than 1 MiB/],
    ['a token that was changed', (whole) => whole.replace('"highestToken":0', '"highestToken":1'), /last line is not/],
    ['a line less', (whole) => whole.replace(/\n\{"coll.*\n/, '\n'), /alpha is not what was exported/],
  ];
  for (const [what, change, reason] of cases)
    it(`is refused, with the reason: ${what}`, async () => {
      assert.notEqual(change(text), text);
      await refused(change(text), reason);
    });
});

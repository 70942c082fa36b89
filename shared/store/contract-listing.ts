/** The store's contract: listing by prefix with a cursor, and what is refused before a driver sees it. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { collection, create, read, rejectsWith } from './contract-steps.ts';
import { docId, type Store } from './store.ts';

/** `opened` answers the store once the suite has begun. */
export function listingContract(opened: () => Store): void {
  describe('listing', () => {
    const ids = [
      ...['a', 'a|b', 'a|b|c', 'a|😀', 'a|\uffff', 'a|\u{10ffff}z', 'a}', 'a.', 'a.b', 'a%2Fb', 'A', 'b', 'ab'],
      ...['é', '\ud7ff', '\ue000', '😀', '😀a', '\uffff', '\u{10ffff}', '-', '.x', '_', '__x', 'x'.repeat(1_500)],
    ];
    const sorted = ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const c = collection();
    before(() => opened().commit(ids.map((id) => create(c, id, { id }))));

    const pages = async (options: { prefix?: string; after?: string; limit: number }) => {
      const found: string[][] = [];
      for (let after = options.after; ; ) {
        const page = await opened().list(c, { ...options, ...(after !== undefined && { after }) });
        found.push(page.docs.map((doc) => doc.id));
        if (page.next === undefined) return found;
        after = page.next;
      }
    };

    it('is in the order of the UTF-8 bytes, values and versions included', async () => {
      const page = await opened().list(c, { limit: 1_000 });
      assert.deepEqual(
        page.docs.map((doc) => doc.id),
        sorted,
      );
      assert.equal(page.next, undefined);
      const [doc] = page.docs;
      assert.deepEqual(doc, await read(opened(), c, doc?.id ?? ''));
    });

    for (const limit of [1, 3, 5]) {
      it(`by ${limit} goes through every document once, and the last page says that it is the last`, async () => {
        const found = await pages({ limit });
        assert.deepEqual(found.flat(), sorted);
        assert.equal(found.length, Math.ceil(sorted.length / limit));
      });
    }

    for (const prefix of [
      'a',
      'a|',
      'a|\uffff',
      'a.',
      '-',
      ',',
      '_',
      '😀',
      '\ud7ff',
      '\uffff',
      '\u{10ffff}',
      'zz',
      '',
    ]) {
      it(`by the prefix ${JSON.stringify(prefix)} finds those that start with it`, async () => {
        const expected = sorted.filter((id) => id.startsWith(prefix));
        assert.deepEqual((await pages({ prefix, limit: 2 })).flat(), expected);
      });
    }

    it('after an id starts behind it, whether it exists or not, and never before the prefix', async () => {
      assert.deepEqual((await pages({ prefix: 'a|', after: 'a|b', limit: 9 })).flat(), [
        'a|b|c',
        'a|\uffff',
        'a|😀',
        'a|\u{10ffff}z',
      ]);
      assert.deepEqual((await pages({ prefix: 'a.', after: 'A', limit: 1 })).flat(), ['a.', 'a.b']);
      assert.deepEqual((await pages({ prefix: 'a|', after: 'b', limit: 9 })).flat(), []);
      assert.deepEqual((await pages({ after: '\u{10ffff}', limit: 9 })).flat(), []);
    });

    it('of a collection nobody wrote to is empty', async () => {
      assert.deepEqual(await opened().list(collection(), { limit: 1 }), { docs: [] });
    });

    it('finds the parts that docId joined', async () => {
      const d = collection();
      const id = docId('go.example', 'a/b|c%', 'exact');
      await opened().create(d, id, {});
      await opened().create(d, docId('go.example2', 'x', 'exact'), {});
      const page = await opened().list(d, { prefix: `${docId('go.example')}|`, limit: 10 });
      assert.deepEqual(
        page.docs.map((doc) => doc.id),
        [id],
      );
    });
  });
}

export function refusalsContract(opened: () => Store): void {
  describe('refusals name the rule', () => {
    const cases: [string, RegExp, (c: string) => Promise<unknown>][] = [
      ['an empty id', /must not be empty/, (c) => opened().create(c, '', {})],
      ['an id with a slash', /must not contain "\/"/, (c) => opened().create(c, 'a/b', {})],
      ['the id .', /must not be "\." or "\.\."/, (c) => opened().get(c, '.')],
      ['a reserved id', /must not begin and end with "__"/, (c) => opened().getMany(c, ['a', '__a__'])],
      ['an id of 1,501 bytes', /at most 1,500 bytes/, (c) => opened().create(c, `${'é'.repeat(750)}x`, {})],
      ['a lone surrogate in an id', /valid Unicode/, (c) => opened().create(c, 'a\ud800', {})],
      ['a bad cursor', /"after" must not be empty/, (c) => opened().list(c, { after: '', limit: 1 })],
      ['a limit of 0', /from 1 to 1,000/, (c) => opened().list(c, { limit: 0 })],
      ['a limit of 1,001', /from 1 to 1,000/, (c) => opened().list(c, { limit: 1_001 })],
      ['a collection with a slash', /letters, digits/, () => opened().get('a/b', 'c')],
      ['an array for a value', /must be a JSON object/, (c) => opened().create(c, 'a', [])],
      ['a bigint in a value', /representable as JSON/, (c) => opened().create(c, 'a', { n: 1n })],
      ['no date', /valid date/, (c) => opened().create(c, 'a', {}, { expireAt: new Date(Number.NaN) })],
      ['a document twice', /at most once/, (c) => opened().commit([create(c, 'a', {}), create(c, 'a', {})])],
    ];
    for (const [what, rule, attempt] of cases) {
      it(what, async () => {
        const c = collection();
        const error = await rejectsWith('invalid', attempt(c));
        assert.match(error.message, rule);
        assert.deepEqual((await opened().list(c, { limit: 1 })).docs, []);
      });
    }
  });
}

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { makeToken, readToken, type TokenParts } from './token.ts';

const KEY = 'k'.repeat(32);
const OTHER = 'o'.repeat(32);
const PARTS: TokenParts = {
  grant: Buffer.alloc(16, 7).toString('base64url'),
  expiresAt: 1_800_000_000_000,
  job: 'job',
  image: '3.0',
  sha256: 'ab'.repeat(32),
};

const text = fc.string({ unit: 'binary', maxLength: 40 });
const parts = fc.record({
  grant: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  expiresAt: fc.nat(0xffffffff).map((seconds) => seconds * 1000),
  job: text,
  image: text,
  sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
});

describe('a token', () => {
  it('says what it was made of, in 92 characters', () => {
    fc.assert(
      fc.property(parts, (made) => {
        const token = makeToken(KEY, made);
        assert.match(token, /^[\w-]{92}$/);
        const read = readToken([KEY], token);
        assert.deepEqual([read?.grant, read?.expiresAt], [made.grant, made.expiresAt]);
        assert.ok(read?.isOf(made.job, made.image) && read.isOfBytes(made.sha256));
      }),
    );
  });

  it('is of one image of one job and of one version of the bytes', () => {
    fc.assert(
      fc.property(parts, text, text, (made, job, image) => {
        const read = readToken([KEY], makeToken(KEY, made));
        assert.equal(read?.isOf(job, image), job === made.job && image === made.image);
        assert.equal(read?.isOfBytes(`${made.sha256.slice(0, 63)}x`), false);
      }),
    );
    const read = readToken([KEY], makeToken(KEY, { ...PARTS, job: 'a', image: 'bc' }));
    for (const [job, image] of [
      ['ab', 'c'],
      ['', 'abc'],
      ['a","bc', ''],
    ] as const)
      assert.equal(read?.isOf(job, image), false, `${job} ${image}`);
  });

  it('is nothing any more once a bit of it has changed', () => {
    const bytes = Buffer.from(makeToken(KEY, PARTS), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      assert.equal(readToken([KEY], changed.toString('base64url')), undefined, `bit ${bit}`);
    }
  });

  it('is nothing any more when cut, lengthened or put together from two', () => {
    const [one, two] = [makeToken(KEY, PARTS), makeToken(KEY, { ...PARTS, job: 'another' })];
    for (let length = 0; length < one.length; length++) {
      assert.equal(readToken([KEY], one.slice(0, length)), undefined);
      assert.equal(readToken([KEY], one.slice(length === 0 ? 1 : length)), undefined);
      const spliced = one.slice(0, length) + two.slice(length);
      if (spliced !== one && spliced !== two)
        assert.equal(readToken([KEY], spliced), undefined, `spliced at ${length}`);
    }
    fc.assert(fc.property(fc.string({ minLength: 1 }), (more) => readToken([KEY], one + more) === undefined));
  });

  it('has one spelling', () => {
    const token = makeToken(KEY, { ...PARTS, grant: Buffer.alloc(16, 0xff).toString('base64url') });
    assert.ok(readToken([KEY], token));
    const others = [
      `${token}=`,
      `${token}\n`,
      ` ${token}`,
      token.replaceAll('_', '/').replaceAll('-', '+'),
      token.toLowerCase(),
      `${token.slice(0, 40)} ${token.slice(40)}`,
      `${token.slice(0, 40)}.${token.slice(40)}`,
      `%${token.charCodeAt(0).toString(16)}${token.slice(1)}`,
      Buffer.from(token, 'base64url').toString('hex'),
    ];
    for (const other of others) {
      assert.notEqual(other, token);
      assert.equal(readToken([KEY], other), undefined, JSON.stringify(other));
    }
  });

  it('is read with any of the keys, and with no other', () => {
    const token = makeToken(KEY, PARTS);
    for (const keys of [[KEY], [KEY, OTHER], [OTHER, KEY]]) {
      const read = readToken(keys, token);
      assert.ok(read?.isOf(PARTS.job, PARTS.image) && read.isOfBytes(PARTS.sha256));
    }
    for (const keys of [[], [OTHER], [`${KEY}k`]]) assert.equal(readToken(keys, token), undefined);
  });

  it('of another version is none, however well it is sealed', () => {
    const bytes = Buffer.from(makeToken(KEY, PARTS), 'base64url').subarray(0, 53);
    const sealed = () => {
      const seal = createHmac('sha256', KEY).update('hawker slides-images seal\n').update(bytes).digest();
      return Buffer.concat([bytes, seal.subarray(0, 16)]).toString('base64url');
    };
    assert.equal(sealed(), makeToken(KEY, PARTS));
    bytes.writeUInt8(2);
    assert.equal(readToken([KEY], sealed()), undefined);
  });

  it('shows nothing of the job, the image and the bytes to whoever has no key', () => {
    const said = (key: string, made: TokenParts) => Buffer.from(makeToken(key, made), 'base64url').subarray(21);
    for (const [from, to] of [
      [0, 16],
      [16, 32],
    ])
      assert.notDeepEqual(said(KEY, PARTS).subarray(from, to), said(OTHER, PARTS).subarray(from, to));
    assert.deepEqual(
      said(KEY, PARTS).subarray(0, 32),
      said(KEY, { ...PARTS, expiresAt: 0, grant: Buffer.alloc(16).toString('base64url') }).subarray(0, 32),
    );
    assert.ok(!said(KEY, PARTS).includes(Buffer.from(PARTS.sha256, 'hex').subarray(0, 4)));
  });
});

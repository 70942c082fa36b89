/**
 * The last part of an image's address: 92 characters that nobody can make or change without a key, and that tell nothing to whoever has none.
 *
 * | bytes | what |
 * |---|---|
 * | 1 | version |
 * | 16 | the grant's id, random |
 * | 4 | until when, seconds since the epoch; lasts until 2106 |
 * | 16 | which job and image, and |
 * | 16 | which bytes: both keyed hashes, since the address stays readable in the deck for ever |
 * | 16 | the first half of an HMAC-SHA256 over all of these (RFC 2104 section 5 allows half) |
 *
 * 69 bytes are 92 characters of base64url without a bit to spare, so each token has one spelling.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

const VERSION = 1;
const ID_BYTES = 16;
const HASH_BYTES = 16;
const EXPIRY_AT = 1 + ID_BYTES;
const IMAGE_AT = EXPIRY_AT + 4;
const CONTENT_AT = IMAGE_AT + HASH_BYTES;
const SEAL_AT = CONTENT_AT + HASH_BYTES;
const SPELLING = /^[\w-]{92}$/;

export interface TokenParts {
  /** 16 bytes as base64url. */
  grant: string;
  /** Milliseconds since the epoch, whole seconds. */
  expiresAt: number;
  job: string;
  image: string;
  sha256: string;
}

/** A token whose seal is good; it may be long over. */
export interface Token {
  grant: string;
  /** Milliseconds since the epoch: it is over from then on. */
  expiresAt: number;
  isOf(job: string, image: string): boolean;
  isOfBytes(sha256: string): boolean;
}

export function makeToken(key: string, { grant, expiresAt, job, image, sha256 }: TokenParts): string {
  const expiry = Buffer.alloc(4);
  expiry.writeUInt32BE(expiresAt / 1000);
  const said = Buffer.concat([
    Buffer.of(VERSION),
    Buffer.from(grant, 'base64url'),
    expiry,
    imageHash(key, job, image),
    contentHash(key, sha256),
  ]);
  return Buffer.concat([said, seal(key, said)]).toString('base64url');
}

/** Whether it is spelt like one. Says nothing of who made it. */
export function looksLikeToken(text: string): boolean {
  return SPELLING.test(text);
}

/** Undefined unless one of the keys made it. All keys are tried, so that the time it takes does not tell which one did. */
export function readToken(keys: readonly string[], text: string): Token | undefined {
  if (!looksLikeToken(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  const said = bytes.subarray(0, SEAL_AT);
  const given = bytes.subarray(SEAL_AT);
  const [key] = keys.filter((each) => timingSafeEqual(seal(each, said), given));
  if (key === undefined || said[0] !== VERSION) return undefined;
  return {
    grant: said.toString('base64url', 1, EXPIRY_AT),
    expiresAt: said.readUInt32BE(EXPIRY_AT) * 1000,
    isOf: (job, image) => timingSafeEqual(imageHash(key, job, image), said.subarray(IMAGE_AT, CONTENT_AT)),
    isOfBytes: (sha256) => timingSafeEqual(contentHash(key, sha256), said.subarray(CONTENT_AT)),
  };
}

function seal(key: string, said: Uint8Array): Buffer {
  return keyedHash(key, 'seal', said);
}

function imageHash(key: string, job: string, image: string): Buffer {
  // As JSON, two texts never run together.
  return keyedHash(key, 'image', JSON.stringify([job, image]));
}

function contentHash(key: string, sha256: string): Buffer {
  return keyedHash(key, 'content', sha256);
}

/** One key serves three purposes; no hash made for one is any good for another. */
function keyedHash(key: string, purpose: 'seal' | 'image' | 'content', text: string | Uint8Array): Buffer {
  return createHmac('sha256', key)
    .update(`hawker slides-images ${purpose}\n`)
    .update(text)
    .digest()
    .subarray(0, HASH_BYTES);
}

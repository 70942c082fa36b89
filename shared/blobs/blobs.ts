/**
 * Bytes that are kept for a while: images on their way to Google, what a queued job was given, what an undo needs. On a disk, or in a Cloud Storage bucket.
 *
 * A name starts with the time at which the blob has no use any more, so that a listing shows the overdue ones first and anybody can remove them without a record of them.
 * Nothing is ever public; nobody lists blobs but the sweep.
 */
export interface Blob {
  /** Bytes. */
  size: number;
  /** Its media type. */
  type: string;
  /** As they come, so that no more than a piece is in memory. Cancel it where it is not read to its end. */
  body: ReadableStream<Uint8Array>;
}

export interface BlobOptions {
  signal?: AbortSignal;
}

/** Errors (AppError): `storage_full`; `unavailable` where it does not answer; `google_forbidden` and `not_found` for a bucket that is not there for us; `invalid` for a name that `blobName` did not make. */
export interface Blobs {
  /** Whether instances on several machines see the same blobs. */
  readonly shared: boolean;
  /** All of it or nothing, in place of what had the name. Durable when it resolves. */
  put(name: string, bytes: Uint8Array, type: string, options?: BlobOptions): Promise<void>;
  /** Undefined where there is none. What is read is whole: a body that ends early errors. */
  get(name: string, options?: BlobOptions): Promise<Blob | undefined>;
  /** Also succeeds where it is gone. */
  delete(name: string, options?: BlobOptions): Promise<void>;
  /** Names in order, those after `after` alone; at most `limit`, 1 to 1,000. */
  list(after: string | undefined, limit: number, options?: BlobOptions): Promise<string[]>;
  /** An https address by which anybody can GET it for `seconds`, without us. Throws `not_configured` where the driver has no such thing. */
  sign(name: string, seconds: number, options?: BlobOptions): Promise<string>;
}

/** What the names of their objects start with, where blobs are in a bucket. */
export const OBJECT_PREFIX = 'hawker/';

/** Hexadecimal seconds since the epoch: eight digits last until 2106, and sort like the times they stand for. */
const EXPIRY_DIGITS = 8;
const NAME = /^[0-9a-f]{8}-[\w-]{1,100}$/;

/** A name for a blob that has no use after `expiresAt` (milliseconds since the epoch). `key`: 1 to 100 letters, digits, `-` and `_`; unguessable where that matters. */
export function blobName(expiresAt: number, key: string): string {
  return `${Math.ceil(expiresAt / 1000)
    .toString(16)
    .padStart(EXPIRY_DIGITS, '0')}-${key}`;
}

export function isBlobName(name: string): boolean {
  return NAME.test(name);
}

/** When it has no use any more, in milliseconds since the epoch. */
export function blobExpiry(name: string): number {
  return Number.parseInt(name.slice(0, EXPIRY_DIGITS), 16) * 1000;
}

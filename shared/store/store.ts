/**
 * Documents with versions: the one thing every store driver offers, and nothing that one of them could not.
 *
 * A document lives at (collection, id), holds one JSON object, and has a version that changes with every write to it. Every write
 * says what it expects to find; a commit makes all of its writes or none. A writer always learns the truth: when an answer is lost
 * after the commit went through, the driver reads back (each write leaves a random nonce in its document) before it says anything.
 * All documents that one commit writes get the same version.
 *
 * Ids: 1 to 1,500 bytes of UTF-8 without `/`, not `.`, `..` or `__*__` (Firestore's own rules, held by every driver). Build them with
 * `docId`. Collections: letters, digits and `-`. Order is by the ids' UTF-8 bytes.
 * Values: JSON objects up to 900,000 bytes as text, 3,500,000 bytes in one commit.
 */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** Opaque; equal exactly when nothing was written to the document in between. */
export type Version = string;

export interface Doc<T = JsonObject> {
  id: string;
  value: T;
  version: Version;
  /** From when on it may be removed; absent where it stays. */
  expireAt?: Date;
  /** For how long this version had been there when it was read by its id, in milliseconds by the server's own clock; absent where no server tells. */
  ageMs?: number;
}

export type Write =
  /** Fails with `conflict` when the document exists. */
  | { op: 'create'; collection: string; id: string; value: object; expireAt?: Date }
  /** Fails with `conflict` unless the document exists at `ifVersion`. */
  | { op: 'replace'; collection: string; id: string; value: object; ifVersion: Version; expireAt?: Date }
  /** Fails with `conflict` unless the document exists at `ifVersion`. A commit of deletes alone also succeeds where all are gone already. */
  | { op: 'delete'; collection: string; id: string; ifVersion: Version }
  /** Writes nothing, changes no version; fails with `conflict` unless the document exists at `ifVersion`. */
  | { op: 'check'; collection: string; id: string; ifVersion: Version };

export interface ListOptions {
  /** Only ids that start with this. */
  prefix?: string;
  /** Only ids after this one. */
  after?: string;
  /** 1 to 1,000. */
  limit: number;
}

export interface Page<T = JsonObject> {
  docs: Doc<T>[];
  /** What to pass as `after` for the next page; absent on the last page. */
  next?: string;
}

/** At most this many writes in one commit. */
export const MAX_WRITES = 500;
/** One value as JSON text; Firestore takes documents up to 1 MiB. */
export const MAX_VALUE_BYTES = 900_000;
/** All values of one commit; Firestore takes requests up to 10 MiB, its emulator up to 4 MiB. */
export const MAX_COMMIT_BYTES = 3_500_000;

/**
 * What a driver implements. All calls are bounded in time.
 * Errors (AppError): `conflict` where a write's expectation does not hold; `unavailable` where the store does not answer;
 * `outcome_unknown` where a commit may have happened and reading back could not tell; `storage_full`; `too_large`; `invalid` for a bad id or value.
 */
export interface StoreDriver {
  /** Whether a read crosses the network and costs money, so that callers cache longer. */
  readonly remote: boolean;
  /** In the order of `ids`; undefined for a document that is not there. */
  getMany<T = JsonObject>(collection: string, ids: readonly string[]): Promise<(Doc<T> | undefined)[]>;
  list<T = JsonObject>(collection: string, options: ListOptions): Promise<Page<T>>;
  /** All writes or none, each document at most once. Answers the new version of each (for `delete` and `check` the one that was expected). */
  commit(writes: readonly Write[]): Promise<Version[]>;
  /** A positive safe integer that grows with each write of a document, also when it was deleted in between. Throws `invalid` for what is no version of this store. */
  orderOf(version: Version): number;
  /** Resolves when the store can be read and written; throws what stands in the way. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** What business code uses: the driver with its four single-document shorthands. `expireAt` is garbage collection, not a lock: an expired document may still be read. */
export interface Store extends StoreDriver {
  get<T = JsonObject>(collection: string, id: string): Promise<Doc<T> | undefined>;
  create(collection: string, id: string, value: object, options?: { expireAt?: Date }): Promise<Version>;
  replace(
    collection: string,
    id: string,
    value: object,
    ifVersion: Version,
    options?: { expireAt?: Date },
  ): Promise<Version>;
  delete(collection: string, id: string, ifVersion: Version): Promise<void>;
}

/** Joins parts into a document id: `|` between them, `%`, `/`, `|` and control characters percent-encoded within, so that parts never run together. */
export function docId(...parts: string[]): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is being escaped
  return parts.map((part) => part.replaceAll(/[%/|\u0000-\u001f\u007f]/g, encodeURIComponent)).join('|');
}

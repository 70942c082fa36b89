/**
 * Grants: who holds an address of `slides-images` may GET one image a few times within minutes, and nothing else.
 *
 * An address is a grant's id, its end and what it is bound to (job, image, the SHA-256 of the bytes), under an HMAC; nothing of the source can be read from it. Forged and expired ones
 * are told without a look into the store. A grant is a document of `slides-grants`:
 *
 * - `open`: made before Google is asked to fetch. Each GET raises `gets` by compare-and-set and leaves an audit record in the same commit; HEAD changes nothing.
 * - used up: `gets` has reached `mostGets`. Closed: the document is gone, as soon as Google has answered the batch. Over: its time has passed.
 *
 * All of the latter, and addresses that were never ours, are one and the same to whoever asks.
 */

/** Of an address, in milliseconds: longer than any attempt of a batch, which has a minute and a second for each image. */
export const GRANT_MS = 3 * 60_000;
/** GETs of one address, for each request that names it. Google documents one; a repetition after a cut connection must not fail. */
export const MOST_GETS = 3;

export interface NewGrant {
  job: string;
  /** Names the rendition within the job, such as `3.0`: image 3, its first rendition. */
  image: string;
  /** Where the bytes are; removed by whoever opened the grant. */
  blob: string;
  /** Of the bytes, hex. */
  sha256: string;
  type: string;
  size: number;
  /** How many requests of the batch name the address: a tag may stand in many boxes of one shape. Whether Google then fetches once or each time is not documented. */
  uses: number;
}

export interface OpenGrant {
  id: string;
  /** For Google. At most 2,000 characters. */
  address: string;
}

/** What a GET with a good address gets. */
export interface Granted {
  job: string;
  image: string;
  type: string;
  size: number;
  blob: string;
  /** Of the only bytes that may be handed out, hex. */
  sha256: string;
}

/** Who asked, for the audit record. Told by the asker, never believed. */
export interface Visit {
  userAgent: string;
  address: string;
}

export interface Grants {
  /** Throws `not_configured` without HAWKER_PUBLIC_URL, and what the store throws. */
  open(grant: NewGrant): Promise<OpenGrant>;
  /** An address like one that `open` makes, which was never opened: for a dry run. */
  pretend(grant: NewGrant): Promise<string>;
  /** Resolves when no GET can begin any more. Answers how many there were. Also succeeds where it is gone (then 0). */
  close(id: string): Promise<number>;
  /** Whether this address was made here for this image of this job, whenever and with whatever bytes. */
  isFor(address: string, job: string, image: string): Promise<boolean>;
}

export interface GrantReader {
  /** Whether a GET would be answered; counts nothing. */
  look(token: string): Promise<Granted | undefined>;
  /** Counts a GET and records it. */
  take(token: string, visit: Visit): Promise<Granted | undefined>;
}

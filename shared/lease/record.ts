/** The one compare-and-set record behind a lease, as the state machine and every driver know it. */

/** What is written down about a lease. All of it was written by its holder, apart from `broken`. */
export interface LeaseRecord {
  /** The identity of the one who leads; '' while the lease is free. */
  holder: string;
  /** Random; made for the attempt that took the lease, so that a taker who got no answer knows its own work again. */
  nonce: string;
  /** How long it stands without a renewal, in milliseconds. Whoever waits goes by this and not by a duration of its own. */
  durationMs: number;
  /** 0 when the term begins, then grows with each attempt to renew: a write that changes nothing would leave the version where it was. */
  renewals: number;
  /** 1 for the first reign; grows with each that begins. */
  term: number;
  /** When this term began by its holder's wall clock, RFC 3339. For people; nothing is decided by it. */
  since: string;
  /** The version that the record had when this term began, from which the token is made; absent until it is first renewed or released. */
  fence?: RecordVersion;
  /** What the holder does with it, for people. */
  note?: string;
  /** On a free lease: who may take it at once, while all others wait for `durationMs`. */
  successor?: string;
  /** On a free lease that was taken away from its holder. */
  broken?: { reason: string; by: string; at: string };
}

/** Opaque; changes with every write to the record and never comes back. */
export type RecordVersion = string;

/** The record at one of its versions. */
export interface Sighting {
  version: RecordVersion;
  record: LeaseRecord;
  /** For how long it had stood unchanged when it was read, by the server's own clock alone, in milliseconds; absent where no server's clock tells. */
  ageMs?: number;
}

/** One compare-and-set write. `take` begins a term, `renew` prolongs it, `free` ends it. */
export interface RecordWrite {
  kind: 'take' | 'renew' | 'free';
  /** The version that it replaces; absent where there was no record. */
  expects?: RecordVersion;
  record: LeaseRecord;
}

/** The version at which the record's term began. */
export function fenceOf({ version, record }: Pick<Sighting, 'version' | 'record'>): RecordVersion {
  return record.fence ?? version;
}

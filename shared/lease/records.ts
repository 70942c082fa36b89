/** What a lease is kept in: one compare-and-set record per name. A driver decides nothing; it reads, it writes where a version still stands, and it says so when it cannot. */
import type { Version, Write } from '../store/store.ts';
import type { RecordVersion, RecordWrite, Sighting } from './record.ts';

/** A store's writes that go before the caller's own in one commit, and make it fail once the term is over. */
export interface Guard {
  writes: readonly Write[];
  /** Told the versions of those writes when the commit went through. */
  committed(versions: readonly Version[]): void;
}

/**
 * Every call makes one attempt, or few, and ends in bounded time; whatever it rejects with, a write may have happened.
 * Errors (AppError): those of the store, and `invalid` where the driver cannot keep such a record at all.
 */
export interface LeaseRecords {
  /** What people are told these are kept in: `Firestore`, `SQLite`, `Kubernetes`. */
  readonly kind: string;
  /** Whether a read crosses the network. */
  readonly remote: boolean;
  /** Undefined where nobody has ever held the lease. */
  read(name: string): Promise<Sighting | undefined>;
  /** The record's new version. Rejects where `expects` does not stand any more. */
  write(name: string, write: RecordWrite): Promise<RecordVersion>;
  /** The number that fences the term which began at this version: a positive integer, greater than that of any earlier term of the name, also across deletion and restart. */
  tokenOf(fence: RecordVersion): number;
  /** What to put before the caller's own writes so that they fail once the term which began at `fence` is over. Throws `lease_lost` where that is known already. */
  guard(name: string, fence: RecordVersion): Promise<Guard>;
  /** Names in the order of their bytes. */
  list(options: { after?: string; limit: number }): Promise<{ names: string[]; next?: string }>;
  close(): Promise<void>;
}

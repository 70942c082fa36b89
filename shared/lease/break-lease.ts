/** Takes a lease away from its holder, whoever that is. */
import type { Clock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Store } from '../store/store.ts';
import { fenceOf, type LeaseRecord, type RecordVersion, type Sighting } from './record.ts';
import type { LeaseRecords } from './records.ts';

/** Renewals may come between the look and the write; more than a few in a row do not. */
const ATTEMPTS = 10;

interface BreakParts {
  records: LeaseRecords;
  store: Store;
  clock: Clock;
  ids: Ids;
}

/**
 * Begins a term that nobody has, so that the holder's fence is out of date from then on. Answers the record before and after; they are the same
 * where the lease was free already. Throws `not_found`.
 */
export async function breakLease(
  name: string,
  { records, store, clock, ids }: BreakParts,
  audit: { reason: string; by: string },
): Promise<{ before: Sighting; after: Sighting }> {
  for (let attempt = 1; ; attempt++) {
    const before = await records.read(name);
    if (!before) throw new AppError('not_found', `nobody has ever held the lease "${name}"`);
    const { fence: _old, successor, broken: former, ...rest } = before.record;
    if (rest.holder === '' && successor === undefined) {
      // Whoever broke it may have failed before the fence was raised.
      if (former) await raiseFence(name, fenceOf(before), records, store);
      return { before, after: before };
    }
    const broken = { ...audit, at: new Date(clock.now()).toISOString() };
    const record: LeaseRecord = { ...rest, holder: '', nonce: ids.unique(), renewals: 0, broken };
    let version: RecordVersion;
    try {
      version = await records.write(name, { kind: 'take', expects: before.version, record });
    } catch (error) {
      if (attempt >= ATTEMPTS || !isAppError(error, 'conflict')) throw error;
      continue;
    }
    await raiseFence(name, version, records, store);
    return { before, after: { version, record } };
  }
}

/** Where the fence is kept apart from the record, it stands lower until somebody commits the new one. */
async function raiseFence(name: string, fence: RecordVersion, records: LeaseRecords, store: Store): Promise<void> {
  let refused = '';
  for (;;) {
    try {
      const guard = await records.guard(name, fence);
      const tried = JSON.stringify(guard.writes);
      // Refused twice: it is that of a later term by now, as `guard` itself may know.
      if (tried === refused) return;
      refused = tried;
      guard.committed(await store.commit(guard.writes));
      return;
    } catch (error) {
      if (isAppError(error, 'lease_lost')) return;
      if (!isAppError(error, 'conflict')) throw error;
    }
  }
}

/** Whether what leases are kept in answers, seen from the calls that are made anyway: for whoever asks how the process is. */
import { type ErrorCode, isAppError } from '../errors.ts';
import { watchDependency } from '../telemetry/dependencies.ts';
import type { LeaseRecords } from './records.ts';

/** What says that nothing could be found out; any other refusal is an answer. */
const AWAY: ReadonlySet<ErrorCode> = new Set(['unavailable', 'outcome_unknown', 'not_configured', 'storage_full']);

export function watchRecords(records: LeaseRecords, mono: () => number): LeaseRecords {
  const watched = watchDependency('leases', mono);
  const seen = async <T>(call: Promise<T>): Promise<T> => {
    try {
      const answer = await call;
      watched.good();
      return answer;
    } catch (error) {
      if (!isAppError(error) || AWAY.has(error.code))
        watched.bad('the last call to where leases are kept failed', error);
      else watched.good();
      throw error;
    }
  };
  return {
    ...records,
    read: (name) => seen(records.read(name)),
    write: (name, write) => seen(records.write(name, write)),
    list: (options) => seen(records.list(options)),
  };
}

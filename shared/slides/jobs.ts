/** The records of jobs: documents of `slides-jobs`, each at its job's id. */
import type { Clock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Doc, Store, Write } from '../store/store.ts';
import { JOB_KEPT_MS, type JobRecord, type Jobs } from './job.ts';

const COLLECTION = 'slides-jobs';
/** A record is written by one worker and, once it has ended, by one undo: more than a few in between means something else is wrong. */
const ATTEMPTS = 5;

type Change = Parameters<Jobs['update']>[1];

export interface JobRecords extends Jobs {
  /** The write that `update` would make, for the caller's own commit; none where `change` leaves the record as it is, or there is none. */
  prepare(id: string, change: Change): Promise<Write[]>;
}

export function createJobs({ store, clock }: { store: Store; clock: Clock }): JobRecords {
  const expireAt = ({ createdAt }: JobRecord) => new Date(Date.parse(createdAt) + JOB_KEPT_MS);

  async function changed(id: string, change: Change): Promise<{ found?: Doc<JobRecord>; next?: JobRecord }> {
    const found = await store.get<JobRecord>(COLLECTION, id);
    const next = found && change(found.value);
    return {
      ...(found && { found }),
      ...(next && { next: { ...next, updatedAt: new Date(clock.now()).toISOString() } }),
    };
  }

  return {
    async create(id, record) {
      try {
        await store.create(COLLECTION, id, record, { expireAt: expireAt(record) });
        return true;
      } catch (error) {
        if (isAppError(error, 'conflict')) return false;
        throw error;
      }
    },

    get: async (id) => (await store.get<JobRecord>(COLLECTION, id))?.value,

    async update(id, change) {
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        const { found, next } = await changed(id, change);
        if (!found || !next) return found?.value;
        try {
          await store.replace(COLLECTION, id, next, found.version, { expireAt: expireAt(next) });
          return next;
        } catch (error) {
          if (!isAppError(error, 'conflict')) throw error;
        }
      }
      throw new AppError('conflict', "The job's record was changed by others each time it was about to be written");
    },

    async prepare(id, change) {
      const { found, next } = await changed(id, change);
      if (!found || !next) return [];
      const common = { collection: COLLECTION, id, ifVersion: found.version };
      return [{ op: 'replace', ...common, value: next, expireAt: expireAt(next) }];
    },
  };
}

export function hasEnded({ state }: Pick<JobRecord, 'state'>): boolean {
  return state !== 'queued' && state !== 'running';
}

/** Trying again what conflicts with other edits of the same domains: those pass quickly. */
import type { Runtime } from '#shared/define.ts';
import { AppError, isAppError } from '#shared/errors.ts';
import { retry } from '#shared/retry.ts';

/** Throws `conflict`, in words for the caller, where others do not stop. */
export type Persist = <T>(work: () => Promise<T>) => Promise<T>;

const isConflict = (error: unknown) => isAppError(error, 'conflict');

/** What tries again here takes turns: each edit of a domain makes those at the same time conflict, and many could go on like that for good. */
export function createPersist({ ids, clock }: Pick<Runtime, 'ids' | 'clock'>): Persist {
  let last: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };

  return async (work) => {
    const attempts = { attempts: 12, baseMs: 20, maxMs: 500, when: isConflict, clock, ids };
    try {
      return await retry((attempt) => (attempt === 1 ? work() : inTurn(work)), attempts);
    } catch (error) {
      if (!isConflict(error)) throw error;
      throw new AppError('conflict', 'Others keep changing the same things; try again', { cause: error });
    }
  };
}

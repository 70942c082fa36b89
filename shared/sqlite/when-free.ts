/** Waiting for another process's write without holding up what this process does meanwhile. */
import type { Clock } from '../clock.ts';
import { isAppError } from '../errors.ts';
import type { Database } from './database.ts';
import { isBusy } from './failures.ts';

/** As long as a call that blocks would wait. */
const PATIENCE_MS = 4_000;
const PAUSE_MS = 50;

/** Runs `work` in a transaction: at once, or as soon as no other process writes. Throws AppError `unavailable` after about four seconds. */
export async function transactionWhenFree<T>(database: Database, clock: Clock, work: () => T): Promise<T> {
  const deadline = clock.mono() + PATIENCE_MS;
  for (;;) {
    try {
      return database.transaction(work, 'briefly');
    } catch (error) {
      if (!isAppError(error, 'unavailable') || !isBusy(error.cause) || clock.mono() >= deadline) throw error;
    }
    await clock.sleep(PAUSE_MS);
  }
}

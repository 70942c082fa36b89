/** What became of a statement, from what mysql2 throws. */
import { AppError } from '../../errors.ts';

interface ServerError extends Error {
  errno?: number;
  code?: string;
  fatal?: boolean;
  sqlMessage?: string;
}

/** The connection was killed, or the server ends it with this error. */
const LAST_WORDS = new Set([1053, 1077, 1079, 1080, 1152, 1153, 1156, 1158, 1159, 1160, 1161, 1927, 4031]);
const INTERRUPTED = new Set([1317, 1969, 3024]);
/** A wait for a lock was too long, or two waits for each other. */
const LOCKED = new Set([1205, 1213]);

export const isMissingTable = (error: unknown) => numberOf(error) === 1146;
export const isInterrupted = (error: unknown) => INTERRUPTED.has(numberOf(error));
export const isLocked = (error: unknown) => LOCKED.has(numberOf(error));
/** The statement was refused before it could do anything: a mistake in it, or no such table. */
export const neverBegan = (error: unknown) => [1064, 1146, 1044, 1142, 1049, 1054].includes(numberOf(error));

/** Not the server's judgement on a statement: it never came, or its answer did not. */
export function isLoss(error: unknown): boolean {
  const { errno, fatal, sqlMessage } = error as ServerError;
  return fatal === true || sqlMessage === undefined || LAST_WORDS.has(errno ?? 0);
}

function numberOf(error: unknown): number {
  return (error as ServerError | undefined)?.errno ?? 0;
}

/** The server's words. They quote the statement, which may set a password. */
export function wordsOf(error: unknown): string {
  const { sqlMessage, code } = error as ServerError;
  const words = (sqlMessage ?? '').replace(
    /(identified\s[^'"]*|password\s*\(?\s*=?\s*)(?:'[^']*'?|"[^"]*"?)/gi,
    "$1'***'",
  );
  return `${words} (${code ?? 'no code'})`;
}

/** For what is ours, not the script's. */
export function asAppError(error: unknown): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  // mysql2's and node's words may name the address.
  if (isLoss(error))
    return new AppError('unavailable', `The database does not answer (${(error as ServerError).code ?? 'no code'})`, {
      cause: error,
    });
  if (isLocked(error) || isInterrupted(error))
    return new AppError('unavailable', `The database was busy: ${wordsOf(error)}`, { cause: error });
  return new AppError('migration_refused', `The database refused what a runner needs: ${wordsOf(error)}`, {
    cause: error,
  });
}

/** What SQLite's refusals mean to whoever runs this. */
import { AppError, messageOf } from '../errors.ts';

/** Primary result codes, sqlite.org/rescode.html: the low byte of what is reported. */
const BUSY = 5;
const FULL = 13;
/** The shared-memory file beside the database could not grow, which only a full disk or quota causes. */
const IOERR_SHMSIZE = 4874;

/** What lies outside the program, by primary code; all others are mistakes in a statement and stay as they are. */
const REASONS: Record<number, (path: string) => string> = {
  [BUSY]: (path) => `another process kept ${path} locked`,
  8: (path) => `${path} cannot be written`,
  10: (path) => `the disk failed under ${path}`,
  11: (path) => `${path} is damaged`,
  14: (path) => `${path} cannot be opened`,
  26: (path) => `${path} is not a SQLite file`,
};

/** Whether another connection holds a lock that this call needs. */
export function isBusy(error: unknown): boolean {
  return (resultCode(error) & 0xff) === BUSY;
}

export function explainSqliteError(error: unknown, path: string): unknown {
  const code = resultCode(error);
  const primary = code & 0xff;
  if (primary === FULL || code === IOERR_SHMSIZE)
    return new AppError('storage_full', `no room left to write ${path}`, { cause: error });
  const reason = REASONS[primary];
  return reason ? new AppError('unavailable', `${reason(path)}: ${messageOf(error)}`, { cause: error }) : error;
}

/** The extended result code; 0 for an error that is not SQLite's. */
function resultCode(error: unknown): number {
  const { code, errcode } = (error ?? {}) as { code?: string; errcode?: number };
  return code === 'ERR_SQLITE_ERROR' && errcode !== undefined ? errcode : 0;
}

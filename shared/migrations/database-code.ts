/** What databases call their errors, found among the causes, where the drivers leave what the client threw or what they read of it. */

interface Cause {
  code?: unknown;
  errno?: unknown;
  errcode?: unknown;
  sqlstate?: unknown;
  sqlState?: unknown;
  statement?: unknown;
  line?: unknown;
  cause?: unknown;
}

export function* causesOf(error: unknown): Generator<Cause> {
  let at = error;
  for (let depth = 0; depth < 5 && typeof at === 'object' && at !== null; depth++) {
    yield at;
    at = (at as Cause).cause;
  }
}

/** SQLSTATE where there is one, as in PostgreSQL and MySQL; SQLite's result code. Undefined where no database has answered. */
export function databaseCodeOf(error: unknown): string | undefined {
  for (const { sqlstate, sqlState, errcode } of causesOf(error)) {
    for (const state of [sqlstate, sqlState])
      if (typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state)) return state;
    if (typeof errcode === 'number') return String(errcode);
  }
  return undefined;
}

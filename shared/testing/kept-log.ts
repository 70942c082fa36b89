/** A log that keeps its lines for a test to read. */
import { createLog, type Log } from '../log.ts';

export interface KeptLog extends Log {
  /** Every line so far, parsed. */
  readonly lines: Record<string, unknown>[];
}

export function createKeptLog(): KeptLog {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    format: 'json',
    level: 'DEBUG',
    now: () => 0,
    write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  return Object.assign(log, { lines });
}

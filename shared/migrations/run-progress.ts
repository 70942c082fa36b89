/** How far a run is, in its record: at most one write a second. It is news and no more, since the database's history is the truth; with each write it is seen whether somebody wants the run to stop. */
import type { Clock } from '../clock.ts';
import { isAppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Step } from './migration.ts';
import type { RunRecord } from './run.ts';
import type { Claim } from './run-claim.ts';
import type { HistoryRow } from './session.ts';

const LEAST_MS = 1_000;
/** A record is at most 900,000 bytes; this many are less than a tenth. */
const MOST_ENTRIES = 200;

type Entry = RunRecord['progress'][number];

export interface Progress {
  /** Of this run, those of earlier workers included. */
  readonly done: number;
  readonly slowestMs: number;
  begin(step: Step): void;
  /** Never waits. */
  statement(k: number, n: number): void;
  end(ms: number): Entry;
  /** Whether to stop, as of at most a second ago. Throws `lease_lost` where the run was taken over. */
  wantsStop(): Promise<boolean>;
  /** What the record's last write is to say. */
  told(): Pick<RunRecord, 'progress' | 'done'>;
  /** Resolves when nothing is being written any more. */
  settled(): Promise<void>;
}

/** `rows`: of this run, the newest first. */
export function createProgress(
  claim: Claim,
  rows: readonly HistoryRow[],
  { clock, log }: { clock: Clock; log: Log },
): Progress {
  const entries: Entry[] = rows.toReversed().map((row) => ({
    version: String(row.version),
    name: row.name,
    direction: row.direction === 'up' ? 'up' : 'down',
    ms: row.ms,
  }));
  let done = entries.length;
  let slowestMs = Math.max(0, ...entries.map(({ ms = 0 }) => ms));
  let written = -Infinity;
  let writing: Promise<void> | undefined;
  let current: Entry | undefined;

  const told = () => ({ progress: [...entries, ...(current ? [current] : [])].slice(-MOST_ENTRIES), done });
  async function write(): Promise<void> {
    written = clock.mono();
    try {
      await claim.update((record) => ({ ...record, ...told() }));
    } catch (error) {
      if (isAppError(error, 'lease_lost')) throw error;
      log.warn('the progress of a run could not be noted', { error });
    }
  }

  return {
    get done() {
      return done;
    },
    get slowestMs() {
      return slowestMs;
    },
    begin({ migration, direction }) {
      current = { version: String(migration.version), name: migration.name, direction };
    },
    statement(statement, statements) {
      if (current) current = { ...current, statement, statements };
      if (writing || clock.mono() - written < LEAST_MS) return;
      // Whether it was taken over is found out before the next step.
      writing = write()
        .catch(() => undefined)
        .finally(() => {
          writing = undefined;
        });
    },
    end(ms) {
      const { version = '', name = '', direction = 'up' as const } = current ?? {};
      const entry = { version, name, direction, ms };
      current = undefined;
      done++;
      slowestMs = Math.max(slowestMs, ms);
      entries.push(entry);
      return entry;
    },
    async wantsStop() {
      await writing;
      if (clock.mono() - written >= LEAST_MS) await write();
      return claim.record.cancelRequested === true;
    },
    told,
    async settled() {
      await writing;
    },
  };
}

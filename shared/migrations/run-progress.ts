/** How far a run is, in its record: at most one write a second. It is news and no more, since the database's history is the truth; with each write it is seen whether somebody wants the run to stop. */
import type { Clock } from '../clock.ts';
import { isAppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Step } from './migration.ts';
import { inPages, underStatement } from './progress-entry.ts';
import type { RunRecord } from './run.ts';
import type { Claim } from './run-claim.ts';
import { stopWanted } from './run-records.ts';
import type { HistoryRow, PagesDone, ServerProgress, StopReason } from './session.ts';

const LEAST_MS = 1_000;
/** A record is at most 900,000 bytes; this many are less than a tenth. */
const MOST_ENTRIES = 200;

type Entry = RunRecord['progress'][number];

export interface Progress {
  /** Of this run, those of earlier workers included. */
  readonly done: number;
  /** Of the steps that cannot stop halfway. */
  readonly slowestMs: number;
  /** Of the step under way, in this process. */
  readonly slowestPageMs: number;
  /** Since it last got on: a step, a statement or a page that ended, or a count of the database's that rose. */
  readonly idleMs: number;
  /** Whether this run has begun this very step before, and knows how much there is of it. */
  knows(step: Step): boolean;
  /** `rows`: those it has before it, as estimated; undefined where nobody asked. */
  begin(step: Step, rows?: number): void;
  /** Never waits. */
  statement(k: number, n: number): void;
  page(done: PagesDone): void;
  /** What the database tells of the statement under way. Never waits. */
  server(told: ServerProgress | undefined): void;
  end(ms: number): Entry;
  /** Why to stop, as of at most a second ago. Throws `lease_lost` where the run was taken over. */
  wantsStop(): Promise<Exclude<StopReason, 'time over'> | undefined>;
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
  const before = claim.record.progress;
  const isOf = (entry: Entry, version: string, direction: string) =>
    entry.version === version && entry.direction === direction;
  const entries: Entry[] = rows.toReversed().map((row) => {
    const of = {
      version: String(row.version),
      name: row.name,
      direction: row.direction === 'up' ? 'up' : 'down',
    } as const;
    // The database's history does not know of pages.
    const { pages, rows: looked, rowsTotal } = before.find((entry) => isOf(entry, of.version, of.direction)) ?? {};
    return { ...of, ...(pages !== undefined && defined({ pages, rows: looked, rowsTotal })), ms: row.ms };
  });
  const left = before.at(-1);
  let done = entries.length;
  let slowestMs = Math.max(0, ...entries.map(({ ms = 0, pages }) => (pages === undefined ? ms : 0)));
  let slowestPageMs = 0;
  let written = -Infinity;
  let writing: Promise<void> | undefined;
  let current: Entry | undefined;
  let ofPages = inPages(undefined, 0);
  let pageBegan = 0;
  let gotOn = clock.mono();
  let isPaged = false;
  let ofStatement = underStatement();

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
  function writeSoon(): void {
    if (writing || clock.mono() - written < LEAST_MS) return;
    // Whether it was taken over is found out before the next step.
    writing = write()
      .catch(() => undefined)
      .finally(() => {
        writing = undefined;
      });
  }
  const begun = ({ migration, direction }: Step) =>
    left?.ms === undefined && left && isOf(left, String(migration.version), direction) ? left : undefined;

  return {
    get done() {
      return done;
    },
    get slowestMs() {
      return slowestMs;
    },
    get slowestPageMs() {
      return slowestPageMs;
    },
    get idleMs() {
      return clock.mono() - gotOn;
    },
    knows: (step) => begun(step)?.rowsTotal !== undefined,
    begin(step, ahead) {
      const { migration, direction } = step;
      const { pages, rows: looked, rowsTotal = ahead } = begun(step) ?? {};
      const of = { version: String(migration.version), name: migration.name, direction };
      current = { ...of, ...(pages !== undefined && { pages }), ...defined({ rows: looked, rowsTotal }) };
      ofPages = inPages(begun(step)?.rowsTotal === undefined ? ahead : undefined, clock.mono());
      ofStatement = underStatement();
      isPaged = current.rowsTotal !== undefined || pages !== undefined;
      pageBegan = clock.mono();
      slowestPageMs = 0;
    },
    statement(statement, statements) {
      ofStatement = underStatement();
      gotOn = clock.mono();
      if (current) current = { ...withoutNews(current), statement, statements };
      writeSoon();
    },
    page(given) {
      const now = clock.mono();
      slowestPageMs = Math.max(slowestPageMs, now - pageBegan);
      pageBegan = now;
      gotOn = now;
      isPaged = true;
      if (current) current = { ...withoutNews(current), ...ofPages(given, current.rowsTotal, now) };
    },
    server(given) {
      // Of a page, the pages before it tell more.
      if (!current || isPaged) return;
      const news = given && ofStatement(given, clock.mono());
      if (!news && current.phase === undefined) return;
      if (news && (news.phase !== current.phase || (news.rows ?? 0) > (current.rows ?? 0))) gotOn = clock.mono();
      current = { ...withoutNews(current), ...news };
      writeSoon();
    },
    end(ms) {
      const { version = '', name = '', direction = 'up' as const, pages, rows: looked, rowsTotal } = current ?? {};
      const entry = { version, name, direction, ms };
      current = undefined;
      gotOn = clock.mono();
      done++;
      if (pages === undefined) slowestMs = Math.max(slowestMs, ms);
      entries.push(pages === undefined ? entry : { ...entry, pages, ...defined({ rows: looked, rowsTotal }) });
      return entry;
    },
    async wantsStop() {
      await writing;
      if (clock.mono() - written >= LEAST_MS) await write();
      return stopWanted(claim.record);
    },
    told,
    async settled() {
      await writing;
    },
  };
}

/** What is no longer so with the next statement or page. The rows of pages stay. */
function withoutNews({ phase, etaMs: _, rows, rowsTotal, ...entry }: Entry): Entry {
  return { ...entry, ...(phase === undefined && defined({ rows, rowsTotal })) };
}

function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

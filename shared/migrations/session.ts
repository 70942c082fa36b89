/**
 * One pinned connection to one target: what a runner needs of a database, and nothing about who may run. It never connects again by itself: a connection that is lost has lost its
 * lock, and whoever writes on after that writes beside somebody else.
 *
 * Tables beside golang-migrate's own, in its schema: `hawker_migration_history` (one row for each step that took effect, with the text of its way back) and `hawker_migration_fence`
 * (one row: the highest token that anybody wrote with); and `hawker_migration_backfill`, the checkpoint of a step that works in pages. golang-migrate empties and refills its own table at each step, so nothing of ours is in there.
 *
 * Errors (AppError): `unavailable` where the database does not answer or the connection was lost; `lease_lost` where a later term has raised the fence; `conflict` where the version is not what the
 * step was planned on; `migration_failed` with the statement and the database's words where the migration itself is at fault; `outcome_unknown` where nobody can tell whether a step took effect.
 * No error holds an address or a password.
 */

import type { Step, Version, VersionState } from './migration.ts';
import type { Kind } from './target.ts';

/** Who holds what we wait for. */
export interface Holder {
  /** Of the database session: a process id in PostgreSQL, a connection id in MySQL. */
  session: string;
  user?: string;
  application?: string;
  client?: string;
  /** RFC 3339. */
  since?: string;
  state?: string;
  /** The statement, cut to 500 characters. */
  query?: string;
  /** The SQL that would end that session. */
  endBy?: string;
}

export interface ApplyGiven {
  /** Of the lease's term: writes with a lower one than the fence are refused. */
  token: number;
  /** The run's id, for the history. */
  run: string;
  /** Who asked, for the history. */
  by: string;
  /** The hash of the bundle that the step is from, for the history. */
  bundle: string;
  /** More steps follow: a database that can may put off the flush to disk to the last one, which makes all before it durable too. Each is atomic with its stamp all the same. */
  more: boolean;
  /**
   * The step behind this one. A database that answers in order may be sent it at once, so that it does not wait for us in between; it takes no effect before `apply` is called for it, and whatever
   * else is asked of the session takes it back.
   */
  next?: { step: Step; more: boolean };
  /** Told of each statement where they are sent one by one: the k-th (from 1) of n is about to be sent. */
  onStatement?: (k: number, n: number) => void;
  /** Told after each page of a step that works in pages, once the page has taken effect; answers why to stop there. Without it nothing stops it but its end. */
  onPage?: (done: PagesDone) => Promise<StopReason | undefined>;
  signal: AbortSignal;
}

export type StopReason = 'time over' | 'paused' | 'cancelled';

/** Since the step began, earlier processes included. */
export interface PagesDone {
  pages: number;
  /** Rows or documents that were looked at. */
  rows: number;
  written: number;
  /** As estimated when it began. */
  rowsTotal?: number;
  etaMs?: number;
}

export interface Applied {
  /** Milliseconds, by the injected clock. */
  ms: number;
  /** Statements, as far as known. */
  statements: number;
  /** It stopped between two pages, because `onPage` said so. The row is dirty, the checkpoint is kept, and `look` tells how far it is; the same `apply` goes on from there. */
  stopped?: StopReason;
}

/** What a step that works in pages has before it, from where it stands. */
export interface Estimate {
  rows: number;
  pages: number;
  /** With its throttle, milliseconds. */
  etaMs: number;
  /** Where the database is paid by operations. */
  costUsd?: number;
  reads?: number;
  writes?: number;
}

/** A row or document before and after. */
export interface Sample {
  key: string;
  /** JSON texts; null is none. */
  before: string | null;
  after: string | null;
}

export interface TableSize {
  /** As the script names it. */
  table: string;
  /** The database's own estimate. */
  rows: number;
  bytes?: number;
}

/** What the database tells of a statement under way. */
export interface ServerProgress {
  phase: string;
  done?: number;
  total?: number;
}

export interface HistoryRow {
  version: Version;
  name: string;
  /** `rebless`: nothing was run; from here on the file's text counts as the one that was applied. */
  direction: 'up' | 'down' | 'force' | 'baseline' | 'rebless';
  /** Of the text that took effect. */
  checksum: string | undefined;
  /** Of an `up`: the text that takes it back, as its bundle had it. */
  down: string | undefined;
  /** RFC 3339. */
  at: string;
  ms: number;
  run: string;
  by: string;
  token: number;
  bundle: string;
}

/** What is known of a step that began and did not say how it ended. */
export type Truth = 'applied' | 'not applied' | { statementsDone: number } | { pagesDone: number } | 'unknown';

export interface Session extends AsyncDisposable {
  readonly kind: Kind;
  /** Makes the tables where they are missing. Safe to repeat, and by several at once. */
  prepare(): Promise<void>;
  state(): Promise<VersionState>;
  /** Takes golang-migrate's own lock(s) without waiting, outside a transaction. Held by this connection until `unlock` or its end. */
  tryLock(): Promise<boolean>;
  /** Whether this connection still holds it. False where a pooler has given the session to somebody else. */
  holdsLock(): Promise<boolean>;
  /** Answers false where it was not held any more. */
  unlock(): Promise<boolean>;
  /** Whoever holds the lock, as far as the database tells. */
  holders(): Promise<Holder[]>;
  /** Raises the fence to this token. Throws `lease_lost` where it is higher already. */
  raiseFence(token: number): Promise<void>;
  /**
   * Lets one step take effect: its script, the stamp and a row of history, in one transaction wherever the dialect and the script allow; otherwise marked first (dirty), then run statement
   * by statement, then stamped. A script that is absent moves the version alone. Demands that the row says `step.from` and is clean (or is this very step, marked, being gone on with).
   */
  apply(step: Step, given: ApplyGiven): Promise<Applied>;
  /** Looks what became of the step that the dirty row tells of, without changing anything. Of one that leaves the version as it is, a clean row tells nothing: the history does. */
  look(step: Step): Promise<Truth>;
  /** Sets the row without running anything: force, baseline, and a step that was found applied or not. */
  stamp(
    state: VersionState,
    given: Pick<ApplyGiven, 'token' | 'run' | 'by' | 'bundle'> & {
      direction: HistoryRow['direction'];
      name: string;
      /** Of the history's row where it is not the state's: of a step that left the version where it is, or that is reblessed. */
      of?: Version;
      checksum?: string;
      down?: string;
    },
  ): Promise<void>;
  /** The newest first. */
  history(limit: number): Promise<HistoryRow[]>;
  /** One line for each table, column, index, constraint and the like, without ours and golang-migrate's, in no order. Absent where a database has no schema. */
  schema?(): Promise<string[]>;
  /** A hash of these lines; equal where the schema is. */
  fingerprint(): Promise<string>;
  /** In the order they were asked for; those that are not there are left out. */
  sizes(tables: readonly string[]): Promise<TableSize[]>;
  /** Undefined for a step that does not work in pages. Changes nothing. */
  estimate(step: Step): Promise<Estimate | undefined>;
  /** What the first rows that a step in pages would change look like before and after; it is undone, or never done. `[]` for any other step. */
  preview(step: Step, rows: number): Promise<Sample[]>;
  /** Asked by another connection while `apply` is under way; undefined where the database tells nothing. Never throws. */
  progress(): Promise<ServerProgress | undefined>;
  /** Ends what is being run, from another connection, as far as the database can. */
  cancel(): Promise<void>;
}

/** A run: one command against one target, by whoever leads. */
import type { Version } from './migration.ts';
import type { Holder } from './session.ts';

/** golang-migrate's words; `baseline` stamps a database that was made otherwise, `redo` takes the last one back and applies it again; `rebless` takes the files' texts for those that were applied. */
export type Command =
  | { command: 'up'; steps?: number }
  | { command: 'down'; steps: number }
  | { command: 'goto'; version: Version }
  /** `undefined` is golang-migrate's -1: no version. */
  | { command: 'force'; version: Version | undefined }
  | { command: 'baseline'; version: Version }
  | { command: 'redo' }
  /** Of all that were edited, or of this one. */
  | { command: 'rebless'; version?: Version };

/**
 * One run. Its record is in the store; what took effect is in the database's own history, and where the two differ the history is right.
 *
 * - `queued`: nobody works on it. Whoever has the message `{run, seq}` of the record's `seq` (or is the command line) claims it: `claim` grows by one, `waiting`.
 * - `waiting`: for the lease `migrate.<target>`, then for the database's lock; `waitingFor` says who has them. Not had within `lockTimeoutMs`: `failed`.
 * - `running`: has both and the fence. It reads from the history what this run has done already, looks what became of a step that began and did not say how it ended, and takes the rest one by one.
 * - `done`: all steps took effect (perhaps none: `changed` false). `failed`: one did not; those before it did. `cancelled`: somebody asked for it, and it stopped between two steps or pages; `error` tells what is unfinished then. These three are ends: nothing
 *   leaves them, and a message of such a run does nothing.
 * - `paused`: somebody asked for it, and it stopped between two steps or two pages of a backfill. Nobody holds anything for it. Asked to go on, it is `queued` with the next `seq`. It can be cancelled.
 * - Too little time for one more step (or page): `queued` again with the next `seq`, and then the message of that `seq` is published. Whoever has an older message finds that out and publishes the newer one again
 *   where nobody has begun it, since the first publication may never have happened; it does nothing else. A run goes on like this 100 times at most.
 * - What may pass (the lease or the connection is lost, the process must go): `queued` with the same `seq` and the error, for the next delivery of the same message; at the last delivery, and on the command line, `failed`.
 * - A worker that died leaves `waiting` or `running`. The next delivery of its message claims the run as soon as it has the lease, which proves that nobody else counts on it.
 * - Every write to the record demands the writer's own `claim`: a worker that was taken over, however late it wakes, changes nothing here, and the fence keeps it from the database.
 */
export type RunState = 'queued' | 'waiting' | 'running' | 'paused' | 'done' | 'failed' | 'cancelled';

export interface RunRecord {
  target: string;
  /** As asked; versions as text, since JSON has no such integers. */
  command: string;
  steps?: number;
  version?: string;
  dryRun: boolean;
  /** In force; absent where nobody asked for one and nobody has claimed it yet, who then takes the default of the target's kind. */
  lockTimeoutMs?: number;
  by: string;
  state: RunState;
  /** How often it went on by another message because its time was over; absent is 0. */
  seq?: number;
  /** How often it was begun or taken over; absent is 0. */
  claim?: number;
  /** Milliseconds spent waiting before the time was over. */
  waitedMs?: number;
  /** What waits for what. */
  waitingFor?: { what: 'lease' | 'lock'; holders: Holder[]; since: string };
  /** The latest 200; the one under way has no `ms`. Of a dry run: what would be done. */
  progress: {
    version: string;
    name: string;
    direction: 'up' | 'down';
    ms?: number;
    statement?: number;
    statements?: number;
    /** Of a backfill, or of what the database tells of the statement under way. */
    pages?: number;
    rows?: number;
    rowsTotal?: number;
    /** In the database's words, such as `building index: scanning table`. */
    phase?: string;
    /** Milliseconds until this step is likely to be through. */
    etaMs?: number;
  }[];
  /** Steps in all, those done included. */
  planned: number;
  /** Steps of this run that took effect, as the database's history says; absent is 0. */
  done?: number;
  /** Of one that has ended. */
  changed?: boolean;
  from?: { version: string | null; dirty: boolean };
  to?: { version: string | null; dirty: boolean };
  token?: number;
  /** On the way up: what was merged late, edited or lost its file, and the policy only warns of; at most 3. */
  warnings?: string[];
  cancelRequested?: true;
  pauseRequested?: true;
  /** Refuses to begin a step that is likely to cost more, in US dollars. */
  maxCostUsd?: number;
  /** Of the rollout that this run is part of. */
  rollout?: string;
  error?: { code: string; detail: string; version?: string; file?: string; statement?: number; line?: number };
  createdAt: string;
  updatedAt: string;
  endedAt?: string;
}

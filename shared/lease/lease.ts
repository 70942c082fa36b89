/**
 * Leases: one instance leads, the others know it, and a leader that was paused, cut off or replaced does no harm.
 *
 * **Guaranteed**
 * - At most one holder of a name counts on it (`assert`, `remaining`, `signal`) at any instant, as long as the monotonic clocks involved run at
 *   rates within 1 % of true time. No two machines' clocks are compared, no clock's setting matters, and no message has to arrive in time.
 * - Tokens of a name grow with each term, whatever happened in between: release, expiry, deletion of the record, restart, another store's import.
 *   Writes through `fenced` are refused once another term has begun, however late they come and whatever any clock says. On Kubernetes, where
 *   the lease and the documents are in two places: once another term has fenced its first writes, for which `fenced([])` will do.
 * - A lease that was won is known to be won, though its answer was lost. Nobody takes over before the holder's duration has passed.
 * - If the holder dies and the store answers, somebody who waits has the lease after the duration, 2 % and a quarter second more, and one poll.
 *
 * **Not guaranteed**
 * - What a holder does between `assert()` and its effect elsewhere: a process can be paused right there. Send `token` along and have the other side
 *   refuse a lower one, or write through `fenced`.
 * - Exclusion after `break`: the old holder learns of it with its next renewal or fenced write, not at once. Its fenced writes fail at once.
 * - Exclusion on machines whose monotonic clock stops while they are suspended, until the wall clock has shown it: fenced writes are safe even then.
 * - Order among those who wait: whoever looks first after the end gets it. There is no queue.
 */
import type { Version, Write } from '../store/store.ts';

export interface LeaseOptions {
  /** How long a lease stands without a renewal, in milliseconds: whole seconds from 1,000 to 3,600,000; 15,000 without it. */
  durationMs?: number;
  /** What it is held for, told to whoever asks: at most 200 characters. */
  note?: string;
}

export interface Leases {
  /**
   * A contender for the lease of this name. Each contends for itself, two of one process with each other too.
   * Names: 1 to 200 letters, digits, `-`, `_`, `.`, beginning and ending with a letter or digit. On Kubernetes: lower case (RFC 1123). Throws `invalid`.
   */
  lease(name: string, options?: LeaseOptions): Lease;
  /** At most `slots` holders at a time (1 to 100): leases named `<name>.0` and so on, of which a taker tries each. */
  semaphore(name: string, slots: number, options?: LeaseOptions): Semaphore;
  /** Who leads and why, one read for each. */
  list(options: { cursor?: string; limit: number }): Promise<{ items: LeaseView[]; nextCursor?: string }>;
  /** Undefined where nobody has ever held it. */
  observe(name: string): Promise<LeaseView | undefined>;
  /** Takes the lease away from its holder and frees it. Fenced writes of that holder fail from now on; it learns the rest by itself. Throws `not_found`. */
  break(name: string, reason: string, by: string): Promise<LeaseView>;
  /** The terms of a lease, the newest first, at most `limit`; kept for 90 days. */
  history(name: string, limit: number): Promise<PastTerm[]>;
  /** What the contenders of this process have to tell. */
  here(): ContenderReport[];
  /** Ends what waits and gives back what is held here, as far as the time goes. Callers have ended their work before. */
  close(withinMs: number): Promise<void>;
}

export interface Lease extends Semaphore {
  readonly name: string;
  /** Random for each contender of each process: a restarted process is another. */
  readonly identity: string;
  /**
   * Goes on with the term this contender had, also one that has run out while the instance was frozen, by one write and no read; that
   * it succeeds proves that nobody led in between. Undefined where that cannot be had.
   */
  resume(): Promise<Held | undefined>;
  observe(): Promise<LeaseView | undefined>;
  /** One line: why this contender is, or is not, the leader, since when, by which rule, and how long there is to wait. */
  explain(): string;
}

/** What can be acquired: a lease, or one slot of several. */
export interface Semaphore {
  /** Undefined where it cannot be had now. Throws `unavailable` where the record cannot be read or written. */
  tryAcquire(): Promise<Held | undefined>;
  /**
   * Waits at most `wait` milliseconds, then throws `lease_held`, whose message explains, or `unavailable` where the record could not be read or written
   * at the end; what no repetition can mend (`invalid`) it throws at once. Rejects with the signal's reason when it aborts.
   */
  acquire(options: { wait: number; signal?: AbortSignal }): Promise<Held>;
}

/** A term while it lasts. Renews by itself until it is released or lost. */
export interface Held extends AsyncDisposable {
  readonly name: string;
  /** What fences this term: greater than the token of any term before. */
  readonly token: number;
  /** Aborts when the term is over, with an AppError `lease_lost`. It may come late after a pause of the process: `assert` never does. */
  readonly signal: AbortSignal;
  /**
   * Throws `lease_lost` unless the term may be counted on at this very moment. Call it before each effect. A machine that was suspended must renew
   * first, so a term that throws may stand again a moment later: whoever drops a Held releases it, lost or not.
   */
  assert(): void;
  /** For how many milliseconds it may be counted on without another renewal; 0 when it is over. Limit each step by it. */
  remaining(): number;
  /** Commits these writes (at most 498) only if the term still stands, in one commit with the guard. Throws `lease_lost`, and what the store throws. */
  fenced(writes: readonly Write[]): Promise<Version[]>;
  /** Ends the term so that others need not wait. Call it when the work is over, not before. `to` names the identity that may take it at once. Never throws. */
  release(options?: { to?: string }): Promise<void>;
}

/** Why a lease is as it is, for people and for `GET /leases/v1/{name}`. */
export interface LeaseView {
  name: string;
  /** Undefined while it is free. */
  holder?: string;
  term: number;
  token: number;
  /** By the holder's wall clock, RFC 3339. */
  since: string;
  renewals: number;
  durationMs: number;
  note?: string;
  successor?: string;
  broken?: { reason: string; by: string; at: string };
  /** For how long the record has stood unchanged by the server's clock, where it tells. */
  ageMs?: number;
  /** One line. */
  why: string;
}

export interface PastTerm {
  token: number;
  term: number;
  holder: string;
  since: string;
  note?: string;
  /** RFC 3339; absent while it lasts, and where its holder died. */
  until?: string;
  /** How it ended: `released`, or why it was lost. */
  end?: string;
  /** Who took it away, and why, where it ended so. */
  broken?: { reason: string; by: string };
}

/** One contender of this process, and what it has cost. Counters run from its making. */
export interface ContenderReport {
  name: string;
  identity: string;
  explain: string;
  held: boolean;
  elections: number;
  renewals: number;
  losses: Record<string, number>;
  /** Milliseconds as leader, the running term included. */
  ledMs: number;
  /** Requests that read and that wrote. Of the writes a taking, and it alone, is one of two documents; the history's are not among them. */
  reads: number;
  writes: number;
  readsPerHour: number;
  writesPerHour: number;
}

/** What the lease's state machine knows and is told, and what can be read off its state without a step. */
import type { LeaseRecord, RecordVersion, RecordWrite, Sighting } from './record.ts';
import type { LeaseTiming } from './timing.ts';

/** The moment of an event, and the randomness that it may need. */
export interface Now {
  /** Monotonic milliseconds. */
  mono: number;
  /** Wall-clock milliseconds since the Unix epoch. */
  wall: number;
  /** Fresh for every event. */
  nonce: string;
  /** In [0, 1), fresh for every event. */
  jitter: number;
}

export type Outcome =
  /** The answer to a look; no sighting where there is no record. */
  | { type: 'saw'; sighting?: Sighting }
  | { type: 'wrote'; version: RecordVersion }
  /** Refused, cut off, too late, unreachable: all the same, since none of them says what became of it. */
  | { type: 'failed'; reason: string };

export type LeaseEvent = { now: Now } & (
  | { type: 'answer'; call: number; outcome: Outcome }
  /** Denied while a term is held; while one is being given back it waits for that. */
  | { type: 'want'; how: 'once' | 'patiently' }
  /** Wants the lease no more, or ends the term; `successor` may take it at once. */
  | { type: 'leave'; successor?: string }
  /** Time has passed. May come at any moment; must come at `wakeAt`. */
  | { type: 'tick' }
  /**
   * Renews now, even a term that has run out: `won` or `denied` tells the end of it, or the end of `state.want` where the term still stood. Not while
   * anything else is wanted.
   */
  | { type: 'resume' }
  /** Something outside (a fenced write that was refused) says that the term may be over: looks. */
  | { type: 'doubt' }
);

export type LossReason =
  /** The duration passed without a renewal. */
  | 'expired'
  /** Somebody else took it. */
  | 'taken'
  /** An operator took it away. */
  | 'broken'
  /** The record is gone. */
  | 'deleted';

export type Effect =
  | { type: 'read'; call: number }
  | { type: 'write'; call: number; write: RecordWrite }
  /** A term began, or one that had run out was resumed: `state.term` may be counted on from now. */
  | { type: 'won' }
  | { type: 'lost'; reason: LossReason }
  /** What was wanted once, or resumed, cannot be had now. */
  | { type: 'denied' }
  /** The end of `leave`; not `clean` where others may have to wait until a term has run out. */
  | { type: 'left'; clean: boolean };

/** One reign of this process. */
export interface Term {
  record: LeaseRecord;
  version: RecordVersion;
  fence: RecordVersion;
  /** When the lease is over unless it is renewed, monotonic milliseconds. */
  deadline: number;
  renewAt: number;
  /** The number of the last attempt to renew. */
  attempts: number;
  /** The least by which the wall clock has been ahead of the monotonic one since the last renewal was sent. */
  wallLead: number;
  /** The wall clock has run ahead since; only a renewal mends that. */
  suspect: boolean;
  /** It has run out; it can only be resumed. */
  lapsed: boolean;
}

/** A request under way, or one of which no answer told what became of it. */
export interface Call {
  id: number;
  /** When it was sent, monotonic milliseconds. */
  sentAt: number;
  wallLead: number;
  /** Absent for a look. */
  write?: RecordWrite;
}

/** What is known of the record. */
export interface Sight {
  /** Absent where there was no record. */
  found?: Pick<Sighting, 'version' | 'record'>;
  /** When this version had been written for certain, monotonic milliseconds. */
  at: number;
}

export interface LeaseState {
  identity: string;
  note: string | undefined;
  timing: LeaseTiming;
  /** `resume` until its renewal is sent, then `resuming`. */
  want: 'once' | 'patiently' | 'resume' | 'resuming' | undefined;
  leaving: { successor?: string } | undefined;
  /** At most one request is under way at any time. */
  call: Call | undefined;
  calls: number;
  sight: Sight | undefined;
  /** Whether `sight` is from after the last wish, wait or failure. */
  looked: boolean;
  term: Term | undefined;
  /** Takes and renewals that may have happened or may yet happen. */
  unsure: Call[];
  /** Failures in a row, and what the last one was. */
  failures: number;
  failure: string | undefined;
  /** When one who waits does something again, monotonic milliseconds. */
  retryAt: number;
}

export interface Step {
  state: LeaseState;
  effects: Effect[];
}

export function initialState(identity: string, timing: LeaseTiming, note?: string): LeaseState {
  return {
    identity,
    note,
    timing,
    want: undefined,
    leaving: undefined,
    call: undefined,
    calls: 0,
    sight: undefined,
    looked: false,
    term: undefined,
    unsure: [],
    failures: 0,
    failure: undefined,
    retryAt: 0,
  };
}

/** Whether a holder may count on its term at this moment. No timer needs to have run for it to be right. */
export function standing(state: LeaseState, now: Pick<Now, 'mono' | 'wall'>): 'held' | 'suspect' | 'over' {
  const { term, timing, leaving } = state;
  if (!term || term.lapsed || leaving || now.mono >= term.deadline - timing.guardMs) return 'over';
  return term.suspect || now.wall - now.mono - term.wallLead > timing.suspendMs ? 'suspect' : 'held';
}

/** When the next `tick` must come, monotonic milliseconds; undefined where only an answer or a wish can change anything. */
export function wakeAt({ term, timing, call, want, retryAt }: LeaseState): number | undefined {
  if (term && !term.lapsed) {
    const end = term.deadline - timing.guardMs;
    return call ? end : Math.min(end, term.renewAt);
  }
  return want === 'patiently' && !call ? retryAt : undefined;
}

/** From when the record that was last seen may be taken, monotonic milliseconds; undefined where nothing was seen. */
export function freeAt({ sight, identity, timing }: LeaseState): number | undefined {
  if (!sight?.found) return sight?.at;
  const { holder, successor, durationMs } = sight.found.record;
  // Held by this very contender, which does not count on it any more.
  const abandoned = holder === identity;
  const released = holder === '' && (successor === undefined || successor === identity);
  return abandoned || released ? sight.at : sight.at + timing.patience(durationMs);
}

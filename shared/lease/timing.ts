/** The durations a lease goes by, all in milliseconds of a monotonic clock and all derived from one. */
import { patienceMs } from '../expiry.ts';

export interface LeaseTiming {
  /** How long the lease stands without a renewal. */
  durationMs: number;
  /** From the sending of one renewal to the next, about. */
  renewMs: number;
  /** How long before its end a holder stops to count on it. */
  guardMs: number;
  /** Between two looks of one who waits, about. */
  pollMs: number;
  /** The first wait after a failure; doubles with each, up to `renewMs`. */
  backoffMs: number;
  /** The longest any one request may take. */
  callMs: number;
  /** By how much the wall clock may run ahead of the monotonic one before the machine is taken to have been suspended. */
  suspendMs: number;
  /** How long a record of this duration must have stood still before it may be taken over. */
  patience: (durationMs: number) => number;
}

export const LEAST_DURATION_MS = 1_000;
export const MOST_DURATION_MS = 3_600_000;
export const DEFAULT_DURATION_MS = 15_000;

/** Looking at a record on this machine costs nothing, so who waits for one looks this often. */
const LOCAL_POLL_MS = 250;

/** `remote`: reading the record costs a round trip, and money. */
export function timingFor(durationMs: number, remote: boolean): LeaseTiming {
  const guardMs = Math.max(200, durationMs * 0.05);
  return {
    durationMs,
    renewMs: durationMs / 3,
    guardMs,
    pollMs: remote ? durationMs / 2 : Math.min(LOCAL_POLL_MS, durationMs / 2),
    backoffMs: Math.min(100, durationMs / 20),
    callMs: Math.min(3_000, durationMs / 5),
    // A suspension that is too short to be noticed makes a holder late by as much, which the guard covers.
    suspendMs: guardMs,
    patience: patienceMs,
  };
}

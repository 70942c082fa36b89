/** Whose turn it is: one run of a schedule at a time, among all instances. */
import type { Clock } from '../clock.ts';
import type { ScheduleTrigger } from '../define.ts';
import { AppError } from '../errors.ts';
import type { Held, Lease, LeaseView } from '../lease/lease.ts';

/** Between two looks at a lease that somebody else has; its holder renews it every five seconds. */
const LOOK_MS = 2_500;

/** Longer than a lease stands whose holder died. */
const WATCH_MS = 30_000;

export interface TurnOptions {
  /** A contender whose note is the firing. */
  lease: Lease;
  firing: string;
  overlap: ScheduleTrigger['overlap'];
  /** How long a firing that is queued waits for the one before it, in milliseconds. */
  waitMs: number;
  clock: Clock;
  signal: AbortSignal;
}

/**
 * The lease, or `overlaps` where another firing runs and this one is not to wait for it.
 *
 * Who waits gets it in the end, from whomever. For who does not, a lease that stands may be that of a run, or of a process that died a moment ago. What
 * is in the record cannot tell the two apart, but time does: a run renews its lease or gives it back. So nothing is called running before it was seen
 * to move, and a lease that does not move is taken in the end.
 * Throws `lease_held` when the wait was in vain, `request_in_progress` where nobody waits and this very firing runs elsewhere, and
 * the signal's reason.
 */
export async function takeTurn(options: TurnOptions): Promise<Held | 'overlaps'> {
  const { lease, firing, overlap, waitMs, clock, signal } = options;
  if (overlap === 'queue') return lease.acquire({ wait: waitMs, signal });
  const until = clock.mono() + WATCH_MS;
  let first: LeaseView | undefined;
  for (;;) {
    signal.throwIfAborted();
    if (first) {
      const view = await lease.observe();
      if (hasMoved(first, view)) {
        if (first.note !== firing) return 'overlaps';
        if (view?.holder) throw inProgress();
      }
    }
    const held = await lease.tryAcquire();
    if (held) return held;
    first ??= await holderOf(lease);
    if (clock.mono() > until) throw inProgress();
    await clock.sleep(LOOK_MS, signal);
  }
}

async function holderOf(lease: Lease): Promise<LeaseView | undefined> {
  const view = await lease.observe();
  return view?.holder ? view : undefined;
}

function hasMoved(before: LeaseView, after: LeaseView | undefined): boolean {
  return after?.holder !== before.holder || after?.token !== before.token || after.renewals !== before.renewals;
}

export function inProgress(): AppError {
  return new AppError('request_in_progress', 'This firing is being worked on');
}

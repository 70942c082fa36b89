/**
 * When somebody else's claim on something may be taken for abandoned, without any two clocks being compared.
 *
 * Whoever claims for a duration counts it from before the claim was sent; whoever waits counts it from when the claim was first seen. So the
 * waiter starts later for certain, and only their clocks' rates may bring the two ends out of order. A clock that runs 1 % fast and one that
 * runs 1 % slow differ by 1.01 / 0.99; timers and clocks are coarse besides.
 */
const STRETCH = 1.01 / 0.99;
const GRAIN_MS = 250;

/** How long a claim of `durationMs` must have stood still before it is abandoned, in milliseconds of the monotonic clock of whoever waits. */
export function patienceMs(durationMs: number): number {
  return durationMs * STRETCH + GRAIN_MS;
}

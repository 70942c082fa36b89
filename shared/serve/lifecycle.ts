/**
 * How a process ends: on SIGTERM or SIGINT it drains, in the order requests, events under way, what functions hold back, the queue, the store,
 * and exits with 0; within DRAIN_MS in all, since platforms kill ten seconds after the signal. A second signal ends it at once.
 */
import type { Log } from '../log.ts';

/** Milliseconds from the signal to the exit, at most. */
const DRAIN_MS = 8_000;

/** A step of the drain; it gets the milliseconds that are left and must not take longer. */
export type DrainStep = (leftMs: number) => Promise<unknown>;

/** Ends the process by these steps when it is told to. */
export function drainOnSignal(steps: readonly DrainStep[], log: Log): void {
  let draining = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (draining) process.exit(130);
    draining = true;
    void drain(signal);
  };
  const drain = async (signal: NodeJS.Signals) => {
    const deadline = performance.now() + DRAIN_MS;
    log.info('draining', { signal });
    setTimeout(() => {
      log.error('the drain did not end in time; what was held in memory is lost', { ms: DRAIN_MS });
      process.exit(1);
    }, DRAIN_MS);
    let clean = true;
    for (const step of steps) {
      try {
        await step(Math.max(0, deadline - performance.now() - 200));
      } catch (error) {
        clean = false;
        log.error('a part did not drain', { error });
      }
    }
    log.info('stopped');
    process.exit(clean ? 0 : 1);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/**
 * How a process ends: on SIGTERM or SIGINT it drains, in the order requests, events under way, what functions hold back, the queue, the store,
 * and exits with 0; within DRAIN_MS in all, since platforms kill ten seconds after the signal. A second signal ends it at once. By an error that
 * nobody caught it ends at once too, with 1 and a line in the log: Node.js itself would print the error with whatever it holds.
 */
import type { Server } from 'node:http';
import type { Log } from '../log.ts';
import { drainServer } from './listen.ts';

/** Milliseconds from the signal to the exit, at most. */
const DRAIN_MS = 8_000;

/** What ends by itself what it has under way, within this time. */
export interface Worker {
  stop(withinMs: number): Promise<void>;
}

export interface Served {
  server: Server;
  schedules: readonly Worker[];
  consumers: readonly Worker[];
  instances: readonly { endStreams?(): void; drain?(withinMs: number): Promise<void> }[];
  runtime: { close(withinMs: number): Promise<void> };
  /** Absent where nothing is profiled. */
  profiles?: Worker | undefined;
  /** The second port; absent where there is none. */
  ops?: Worker | undefined;
}

/** Milliseconds for the requests under way, and then for the events. */
const REQUESTS_MS = 3_000;
const EVENTS_MS = 2_000;
/** Milliseconds for the last profile. */
const PROFILES_MS = 1_000;
/** And for those who just read the numbers. */
const OPS_MS = 500;

/** A step of the drain; it gets the milliseconds that are left and must not take longer. */
type DrainStep = (leftMs: number) => Promise<unknown>;

let draining = false;

/** Whether this process was told to end: what it has begun it finishes, but nobody should send it more. */
export const isDraining = (): boolean => draining;

/** Ends the process in this order when it is told to. */
export function drainOnSignal(
  { server, schedules, consumers, instances, runtime, profiles, ops }: Served,
  log: Log,
): void {
  let runs: Promise<unknown> | undefined;
  const steps: DrainStep[] = [
    (leftMs) => {
      // Told first of all, since a run may need the most time; and while it goes on its lease must not be given back.
      runs = Promise.allSettled(schedules.map((schedule) => schedule.stop(Math.min(leftMs, REQUESTS_MS + EVENTS_MS))));
      for (const instance of instances) instance.endStreams?.();
      return drainServer(server, Math.min(leftMs, REQUESTS_MS));
    },
    (leftMs) => Promise.all([runs, ...consumers.map((consumer) => consumer.stop(Math.min(leftMs, EVENTS_MS)))]),
    (leftMs) => Promise.all(instances.map(async (instance) => instance.drain?.(leftMs))),
    (leftMs) => Promise.resolve(ops?.stop(Math.min(leftMs, OPS_MS))),
    (leftMs) => Promise.all([runtime.close(leftMs), profiles?.stop(Math.min(leftMs, PROFILES_MS))]),
  ];
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
  process.on('uncaughtException', (error) => {
    log.error('nobody caught an error; the process ends', { error });
    process.exit(1);
  });
}

/** Numbers of the process itself and of the embedded queue, read when somebody collects. Loaded only where metrics are taken. */
import type { Clock } from '../clock.ts';
import type { Depth, Queue } from '../queue/queue.ts';
import { gauge, startMetrics, tally } from './metrics.ts';

export interface ProcessMetricsParts {
  queue: Pick<Queue, 'depths'>;
  clock: Pick<Clock, 'now' | 'mono'>;
}

/** Milliseconds between two samples of the event loop's delay. */
const RESOLUTION_MS = 20;
/** Milliseconds for which the queue's rows are not counted again, whoever collects. */
const DEPTHS_FRESH_MS = 5_000;

/** Begins to take metrics, these among them. Answers what ends these. */
export function startProcessMetrics({ queue, clock }: ProcessMetricsParts): () => void {
  startMetrics(clock.now());
  const delay = process.getBuiltinModule('node:perf_hooks').monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const depths = cached(() => queue.depths?.() ?? [], clock);
  const removals = [
    tally('process.cpu.time', () => {
      const { user, system } = process.cpuUsage();
      return [
        { labels: { 'cpu.mode': 'user' as const }, value: user / 1e6 },
        { labels: { 'cpu.mode': 'system' as const }, value: system / 1e6 },
      ];
    }),
    gauge('process.memory.usage', () => [{ labels: {}, value: process.memoryUsage.rss() }]),
    gauge('process.uptime', () => [{ labels: {}, value: process.uptime() }]),
    gauge('nodejs.eventloop.delay.p99', () => {
      const value = lateness(delay.percentile(99));
      delay.reset();
      return [{ labels: {}, value }];
    }),
    gauge('hawker.queue.depth', () =>
      depths().flatMap(({ subscription, waiting, dead }) => [
        {
          labels: { 'messaging.destination.subscription.name': subscription, 'hawker.state': 'waiting' },
          value: waiting,
        },
        { labels: { 'messaging.destination.subscription.name': subscription, 'hawker.state': 'dead' }, value: dead },
      ]),
    ),
    gauge('hawker.queue.oldest_age', () =>
      depths().map(({ subscription, oldest }) => ({
        labels: { 'messaging.destination.subscription.name': subscription },
        value: oldest === undefined ? 0 : Math.max(0, clock.now() - oldest) / 1_000,
      })),
    ),
  ];
  return () => {
    delay.disable();
    for (const remove of removals) remove();
  };
}

/** Nanoseconds of which the sampling itself is a part; seconds without it, 0 where nothing was sampled. */
function lateness(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) / 1_000;
}

function cached(read: () => Depth[], clock: Pick<Clock, 'mono'>): () => Depth[] {
  let known: Depth[] = [];
  let readAt = -Infinity;
  return () => {
    if (clock.mono() - readAt < DEPTHS_FRESH_MS) return known;
    readAt = clock.mono();
    // What cannot be read now must not be told as it was.
    known = [];
    known = read();
    return known;
  };
}

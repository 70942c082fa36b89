/** Sends the metrics every half minute. They only grow, so one that is not taken is made good by the next. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { settledWithin } from '../queue/settled-within.ts';
import type { CollectorTroubles } from './collector-troubles.ts';
import type { OtlpSender } from './otlp-sender.ts';

export interface MetricsPush {
  /** Whether a push is overdue, as where a platform lets no timer run between invocations. */
  due(): boolean;
  /** Resolves when they are sent, or given up until the next time, or after `withinMs`. */
  push(withinMs: number): Promise<void>;
  /** Once more, and never again. */
  close(withinMs: number): Promise<void>;
}

export interface MetricsPushOptions {
  /** All that is known now. */
  encode: () => Uint8Array | Promise<Uint8Array>;
  sender: OtlpSender;
  troubles: Pick<CollectorTroubles, 'lost'>;
  clock: Clock;
  /** For tests; no setting. */
  everyMs?: number;
}

const EVERY_MS = 30_000;
const SEND_MS = 15_000;

export function createMetricsPush(options: MetricsPushOptions): MetricsPush {
  const { encode, sender, troubles, clock, everyMs = EVERY_MS } = options;
  const cutOff = new AbortController();
  const outside = AsyncLocalStorage.snapshot();
  let pushedAt = clock.mono();
  let sending: Promise<unknown> | undefined;

  const send = (withinMs: number): Promise<unknown> => {
    if (sending) return sending;
    pushedAt = clock.mono();
    sending = outside(async () => {
      try {
        await sender.send(await encode(), 0, withinMs, cutOff.signal);
      } catch (error) {
        troubles.lost(0, messageOf(error));
      }
    }).finally(() => {
      sending = undefined;
    });
    return sending;
  };

  const timer = setInterval(() => {
    if (!sender.resting) void send(SEND_MS);
  }, everyMs).unref();

  return {
    due: () => !sender.away && !sender.resting && clock.mono() - pushedAt >= everyMs,
    push: (withinMs) => settledWithin(send(SEND_MS), withinMs),
    async close(withinMs) {
      clearInterval(timer);
      const deadline = clock.mono() + withinMs;
      // One that is under way may not have the last numbers.
      if (sending && !sender.away) await settledWithin(sending, withinMs);
      const left = deadline - clock.mono();
      if (!sender.away && !sending && left > 0) await settledWithin(send(left), left);
      cutOff.abort();
      await sending;
    },
  };
}

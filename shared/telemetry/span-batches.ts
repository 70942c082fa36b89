/**
 * Spans that have ended, on their way to the collector: held in memory, sent some seconds later together, or at once where an invocation has to see them off.
 *
 * One batch is under way at a time. What does not fit into memory meanwhile is lost, and counted.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { settledWithin } from '../queue/settled-within.ts';
import type { CollectorTroubles } from './collector-troubles.ts';
import type { OtlpSender } from './otlp-sender.ts';

export interface SpanBatches<Span> {
  add(span: Span): void;
  /** Resolves when all that was added before is sent or lost, or after `withinMs`; at once while the collector is away, or keeps another waiting. */
  flush(withinMs: number): Promise<void>;
  /** Sends what is left and takes nothing more; what is not sent within `withinMs` is lost. */
  close(withinMs: number): Promise<void>;
  /** Nobody need wait any more. */
  release(): void;
}

export interface SpanBatchesOptions<Span> {
  encode: (spans: readonly Span[]) => Uint8Array | Promise<Uint8Array>;
  sender: OtlpSender;
  troubles: Pick<CollectorTroubles, 'lost'>;
  clock: Clock;
  /** For tests; no setting. */
  everyMs?: number;
}

/** A span takes a kilobyte or two. */
export const MOST_HELD = 2_048;
const MOST_SENT = 512;
const EVERY_MS = 2_000;
/** How long one batch is tried: by then as many have come as are held. */
const SEND_MS = 20_000;
/** Of the time to close, what a collector that is away gets. */
const CLOSE_AWAY_MS = 500;

export function createSpanBatches<Span>(options: SpanBatchesOptions<Span>): SpanBatches<Span> {
  const { encode, sender, troubles, clock, everyMs = EVERY_MS } = options;
  const held: Span[] = [];
  let added = 0;
  let settled = 0;
  let waiting: { upTo: number; resolve: () => void }[] = [];
  let sending: Promise<void> | undefined;
  let closesAt: number | undefined;
  /** Somebody waited in vain: until something is taken, nobody else need. */
  let slow = false;
  const cutOff = new AbortController();
  // Nothing of the invocation that ends a span may become part of sending it, nor of what is said of its loss.
  const outside = AsyncLocalStorage.snapshot();

  const wake = (upTo: number) => {
    for (const { resolve } of waiting.filter((each) => each.upTo <= upTo)) resolve();
    waiting = waiting.filter((each) => each.upTo > upTo);
  };

  const maySend = () => held.length > 0 && (closesAt !== undefined || !sender.resting);

  const sendAll = async () => {
    while (maySend()) {
      const batch = held.splice(0, MOST_SENT);
      await sendOne(batch, closesAt === undefined ? SEND_MS : Math.max(0, closesAt - clock.mono()));
      settled += batch.length;
      slow = false;
      wake(settled);
    }
    // Not a moment later: what ends now must not wait for one who looks no more.
    sending = undefined;
  };

  const sendOne = async (batch: Span[], withinMs: number) => {
    try {
      const encoded = encode(batch);
      const bytes = encoded instanceof Promise ? await encoded : encoded;
      if (withinMs > 0 && !cutOff.signal.aborted) await sender.send(bytes, batch.length, withinMs, cutOff.signal);
      else troubles.lost(batch.length, 'the process had to end');
    } catch (error) {
      troubles.lost(batch.length, messageOf(error));
    }
  };

  const send = (): Promise<void> => {
    if (!sending && maySend()) sending = outside(sendAll);
    return sending ?? Promise.resolve();
  };

  const timer = setInterval(() => void send(), everyMs).unref();

  return {
    add(span) {
      if (closesAt !== undefined) return;
      if (held.length >= MOST_HELD) {
        outside(() => troubles.lost(1, 'there are more than can be held until it takes them'));
        return;
      }
      held.push(span);
      added++;
      if (held.length >= MOST_SENT && !sender.away) void send();
    },
    async flush(withinMs) {
      const upTo = added;
      if (settled >= upTo || withinMs <= 0) return;
      void send();
      if (slow || sender.away) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ upTo, resolve });
      await settledWithin(promise, withinMs);
      waiting = waiting.filter((each) => each.resolve !== resolve);
      slow = settled < upTo;
    },
    async close(withinMs) {
      clearInterval(timer);
      const ms = sender.away ? Math.min(withinMs, CLOSE_AWAY_MS) : withinMs;
      closesAt = clock.mono() + ms;
      await settledWithin(send(), ms);
      cutOff.abort();
      await sending;
      wake(Number.POSITIVE_INFINITY);
    },
    release: () => wake(Number.POSITIVE_INFINITY),
  };
}

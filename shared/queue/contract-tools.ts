/** What the queue's tests are made of. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Event, NewEvent } from '../events/event.ts';
import type { KeptLog } from '../testing/kept-log.ts';
import type { EventHandler, Queue, SubscriptionSpec } from './queue.ts';

export interface QueueUnderTest {
  /** A queue on the same transport as the others that this opened: another process, or the next life of one. Closed with the test. */
  open(subscriptions: SubscriptionSpec[]): Promise<Queue>;
  /** A subscription of its own; its topic is this test's own too. */
  spec(given?: Partial<SubscriptionSpec>): SubscriptionSpec;
  log: KeptLog;
  /** Asks until there is an answer. */
  eventually<T>(ask: () => Promise<T | undefined>): Promise<T>;
}

const LIMIT_MS = 40_000;

/** Fails with `what` is missing instead of waiting for ever. */
export async function within<T>(work: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${what} did not come`)), LIMIT_MS);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

export async function eventually<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error('no answer came');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Keeps what comes and tells when enough has. */
export function arrivals<T>() {
  const all: T[] = [];
  const waiting: { most: number; resolve: () => void }[] = [];
  return {
    all,
    add(item: T) {
      all.push(item);
      for (const { most, resolve } of waiting) if (all.length >= most) resolve();
    },
    count: (most: number) =>
      new Promise<void>((resolve) => {
        if (all.length >= most) resolve();
        else waiting.push({ most, resolve });
      }),
  };
}

export function newEvent(type: string, given: Partial<NewEvent> = {}): NewEvent {
  return { id: randomUUID(), source: '/test', type, time: '2026-01-02T03:04:05.678Z', data: { n: 1 }, ...given };
}

/** Makes specs whose names no other test uses. */
export function specs(): QueueUnderTest['spec'] {
  const suffix = randomUUID().slice(0, 8);
  let made = 0;
  return ({ topic = 'events', ...given } = {}) => ({
    name: `sub-${++made}-${suffix}`,
    topic: `${topic}-${suffix}`,
    concurrency: 10,
    ackDeadlineMs: 30_000,
    maxAttempts: 10,
    ...given,
  });
}

/** Consumes and keeps what comes. */
export function consume(queue: Queue, spec: SubscriptionSpec, handle: EventHandler = async () => undefined) {
  const seen = arrivals<Event>();
  const consumer = queue.consume(spec, async (event, context) => {
    seen.add(event);
    await handle(event, context);
  });
  return {
    consumer,
    events: seen.all,
    ids: () => seen.all.map(({ id }) => id),
    byId: (id: string) => {
      const event = seen.all.find((each) => each.id === id);
      assert.ok(event, `no event ${id}`);
      return event;
    },
    /** Resolves when `most` events have come. */
    count: (most: number) => within(seen.count(most), `event ${most} of ${spec.name}`),
  };
}

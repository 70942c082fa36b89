/**
 * Topics and subscriptions in the one SQLite file: durable, at least once, for several processes at a time.
 *
 * A publication becomes a row for each of the topic's subscriptions as they are given at opening, whether this process consumes them or not;
 * an event that nobody subscribes to is dropped, as Pub/Sub does. See `deliveries.ts` for a row's life, `group-commit.ts` for how
 * publications share transactions, `embedded-consumer.ts` for how events reach handlers.
 */
import type { Clock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Event, NewEvent } from '../events/event.ts';
import { toPubsubMessage } from '../events/pubsub-message.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Database } from '../sqlite/database.ts';
import { transactionWhenFree } from '../sqlite/when-free.ts';
import { createDeliveries } from './deliveries.ts';
import { createEmbeddedConsumer, type EmbeddedConsumer, type Timing } from './embedded-consumer.ts';
import { createDeadLetters } from './embedded-dead-letters.ts';
import { createGroupCommit } from './group-commit.ts';
import { assertOrderingKey } from './ordering-key.ts';
import type { Queue, SubscriptionSpec } from './queue.ts';

export interface EmbeddedQueueOptions {
  /** Stays open until after `close`; closed by whoever opened it. */
  database: Database;
  subscriptions: readonly SubscriptionSpec[];
  clock: Clock;
  ids: Ids;
  log: Log;
  /** For tests; no setting. */
  timing?: Partial<Timing>;
}

const TIMING: Timing = { backoffBaseMs: 2_000, backoffMaxMs: 600_000, pollMs: 200 };

/** For how long a publication that found no room tells of the file, where none follows it. Milliseconds. */
const FULL_MS = 15_000;

interface Publication {
  subscriptions: readonly string[];
  key: string | undefined;
  event: string;
}

/** What of a row is needed to make its event. */
type StoredEvent = { event: string; key: string | null; published: number };

export function openEmbeddedQueue(options: EmbeddedQueueOptions): Queue {
  const { database, clock } = options;
  const deliveries = createDeliveries(database, options.ids);
  const dead = createDeadLetters(database, deliveries, clock);
  const timing = { ...TIMING, ...options.timing };
  const consumers = new Map<string, Set<EmbeddedConsumer>>();
  const subscribers = new Map<string, readonly string[]>();
  for (const { topic, name } of options.subscriptions)
    subscribers.set(topic, [...(subscribers.get(topic) ?? []), name]);
  let closed = false;
  /** What the last publication met, where there was no room for it. */
  let full: { error: AppError; at: number } | undefined;

  const commit = createGroupCommit<Publication>((publications) => {
    const rows = publications.flatMap(({ subscriptions, key, event }) =>
      subscriptions.map((subscription) => ({ subscription, key, event })),
    );
    try {
      database.transaction(() => deliveries.add(rows, clock.now()), 'briefly');
      full = undefined;
    } catch (error) {
      if (isAppError(error, 'storage_full')) full = { error, at: clock.mono() };
      throw error;
    }
    for (const name of new Set(rows.map(({ subscription }) => subscription)))
      for (const consumer of consumers.get(name) ?? []) consumer.wake();
  }, clock);

  return {
    publish(topic, event, { orderingKey } = {}) {
      try {
        if (closed) throw new AppError('unavailable', 'the queue is closed');
        if (orderingKey) assertOrderingKey(orderingKey);
        const text = encode(event);
        const subscriptions = subscribers.get(topic);
        return subscriptions ? commit.add({ subscriptions, key: orderingKey, event: text }) : Promise.resolve();
      } catch (error) {
        return Promise.reject(error);
      }
    },

    consume(subscription, handler) {
      const consumer = createEmbeddedConsumer(subscription, handler, {
        ...options,
        deliveries,
        timing,
        decode: (claim) => {
          const { seq, attempt, published } = claim;
          return decode(claim, subscription.name, {
            messageId: `${published}-${seq}`,
            topic: subscription.topic,
            attempt,
          });
        },
      });
      const peers = consumers.get(subscription.name) ?? new Set();
      consumers.set(subscription.name, peers.add(consumer));
      return {
        stop: async (withinMs) => {
          await consumer.stop(withinMs);
          peers.delete(consumer);
        },
      };
    },

    async deadLetters(subscription, choice) {
      const rows = 'ids' in choice ? dead.find(subscription, choice.ids) : deliveries.dead(subscription, choice.newest);
      return rows.map((row) => ({
        id: String(row.id),
        event: decode(row, subscription),
        subscription,
        attempts: row.attempts,
        reason: row.reason,
        at: new Date(row.at).toISOString(),
      }));
    },

    async redrive(subscription, choice) {
      const ids = await dead.redrive(subscription, choice);
      for (const consumer of consumers.get(subscription) ?? []) consumer.wake();
      return ids;
    },

    purge: (subscription, choice) => dead.purge(subscription, choice),

    depths: () => options.subscriptions.map(({ name }) => ({ subscription: name, ...deliveries.depth(name) })),

    async check() {
      if (closed) throw new AppError('unavailable', 'the queue is closed');
      database.assertThere();
      // What is published may need more room than the row below; but nobody may publish for hours, so this holds for a while only.
      if (full && clock.mono() - full.at < FULL_MS) throw full.error;
      await transactionWhenFree(database, clock, () => deliveries.tryRow());
    },

    async close(withinMs) {
      closed = true;
      const deadline = clock.mono() + withinMs;
      const open = [...consumers.values()].flatMap((peers) => [...peers]);
      await Promise.all(open.map((consumer) => consumer.stop(withinMs)));
      // A file that is gone takes nothing however long one waits.
      return commit.flush(database.gone ? 0 : Math.max(0, deadline - clock.mono()));
    },
  };
}

/** Strings this short fit into a Pub/Sub attribute however they are encoded. */
const SURELY_SHORT = 340;

/** The row's text. Takes what Pub/Sub would take and refuses the rest alike, so that what works here works there. */
function encode(event: NewEvent): string {
  const { id, source, type, time, subject, data, attributes } = event;
  const text = JSON.stringify({ id, source, type, time, subject: subject || undefined, data, attributes });
  // The full check costs as much as the insertion; most events are seen at a glance to pass it.
  const plain =
    attributes === undefined &&
    text.length < 1_000_000 &&
    isShort(id) &&
    isShort(source) &&
    isShort(type) &&
    time.length <= SURELY_SHORT &&
    (subject === undefined || subject.length <= SURELY_SHORT);
  if (!plain) toPubsubMessage(event);
  return text;
}

const isShort = (value: string): boolean => value.length > 0 && value.length <= SURELY_SHORT;

function decode({ event, key, published }: StoredEvent, subscription: string, delivery: Event['delivery'] = {}): Event {
  const stored = JSON.parse(event) as NewEvent;
  return {
    ...stored,
    // A missing member and one that is undefined are the same to whoever reads `data`.
    data: stored.data,
    dataContentType: 'application/json',
    attributes: stored.attributes ?? {},
    ...(key && { orderingKey: key }),
    delivery: { ...delivery, publishTime: new Date(published).toISOString(), subscription },
  };
}

/**
 * Topics and subscriptions of Pub/Sub. Events travel as CloudEvents in the binary mode of its binding; publications are batched by the
 * library, limits are checked before anything is sent, and every call ends in bounded time. The deployment makes topics and subscriptions;
 * on the emulator they are made on first use.
 */
import type { Topic } from '@google-cloud/pubsub';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { toPubsubMessage } from '../events/pubsub-message.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import { assertOrderingKey } from './ordering-key.ts';
import type { PubsubClient, PubsubConfig } from './pubsub-client.ts';
import { createPubsubConsumer } from './pubsub-consumer.ts';
import { eventNameOf, revivedMessage, toDeadLetter } from './pubsub-dead-letters.ts';
import { type DeadScan, scanDeadLetters } from './pubsub-dead-scan.ts';
import { emulatorSetup } from './pubsub-emulator.ts';
import { explainPubsubError, GRPC, grpcCode } from './pubsub-errors.ts';
import type { Consumer, DeadLetter, DeadLetterChoice, Queue, SubscriptionSpec } from './queue.ts';
import { settledWithin } from './settled-within.ts';

const PUBLISH_TIMEOUT_MS = 20_000;
const CHECK_TIMEOUT_MS = 5_000;
/** Few milliseconds, since a redirect's instance may lose its CPU soon after its answer. */
const BATCHING = { maxMessages: 500, maxBytes: 1_000_000, maxMilliseconds: 5 };

export interface PubsubQueueOptions {
  config: PubsubConfig;
  subscriptions: readonly SubscriptionSpec[];
  clock: Clock;
  ids: Ids;
  log: Log;
  /** How long a publication may take with all its retries, in milliseconds. For tests; no setting. */
  publishTimeoutMs?: number;
}

interface Connection extends PubsubClient {
  /** Resolves when what belongs to the topic is there, as far as that is ours to see to. */
  prepare(topic: string): Promise<void>;
}

export function openPubsubQueue(options: PubsubQueueOptions): Queue {
  const { config, subscriptions, publishTimeoutMs = PUBLISH_TIMEOUT_MS } = options;
  const topics = new Map<string, Topic>();
  const consumers: Consumer[] = [];
  let connection: Promise<Connection> | undefined;
  let closed = false;
  let outstanding = 0;
  let lost = 0;
  let emptied: (() => void) | undefined;

  const connect = (): Promise<Connection> => {
    connection ??= (async () => {
      const { createPubsubClient } = await import('./pubsub-client.ts');
      const client = createPubsubClient(config);
      const prepare = config.PUBSUB_EMULATOR_HOST ? emulatorSetup(client.pubsub, subscriptions) : async () => undefined;
      return { ...client, prepare };
    })();
    return connection;
  };

  const topicNamed = async (name: string): Promise<Topic> => {
    const { pubsub, prepare } = await connect();
    await prepare(name);
    let topic = topics.get(name);
    if (!topic) {
      topic = pubsub.topic(name, {
        batching: BATCHING,
        messageOrdering: true,
        gaxOpts: { timeout: publishTimeoutMs },
      });
      topics.set(name, topic);
    }
    return topic;
  };

  const send = async (name: string, message: ReturnType<typeof toPubsubMessage>, orderingKey: string | undefined) => {
    let topic: Topic | undefined;
    try {
      topic = await topicNamed(name);
      await topic.publishMessage({ ...message, ...(orderingKey && { orderingKey }) });
    } catch (error) {
      // The library refuses a key after a failure until told that its order may go on: whoever publishes has been told of this one.
      if (orderingKey) topic?.resumePublishing(orderingKey);
      throw explainPubsubError(error, `topic ${name}`);
    }
  };

  const topicOf = (subscription: string): string => {
    const spec = subscriptions.find(({ name }) => name === subscription);
    if (!spec) throw new AppError('invalid', `there is no subscription ${subscription}`);
    return spec.topic;
  };

  /** Answers the ids of those that `use` was done with. */
  const scan = async (subscription: string, choice: DeadLetterChoice, use: DeadScan['use']): Promise<string[]> => {
    const opened = await connect();
    const topic = topicOf(subscription);
    await opened.prepare(topic).catch((error: unknown) => {
      throw explainPubsubError(error, `topic ${topic}`);
    });
    const ids: string[] = [];
    const chosen = 'ids' in choice ? { ids: choice.ids, most: choice.ids.length } : { most: choice.oldest };
    await scanDeadLetters(opened, subscription, options.clock, {
      ...chosen,
      async use(messages, done) {
        await use(messages, done);
        ids.push(...done.map(({ id }) => id));
      },
    });
    return ids;
  };

  return {
    async publish(topic, event, { orderingKey } = {}) {
      if (closed) throw new AppError('unavailable', 'the queue is closed');
      if (orderingKey) assertOrderingKey(orderingKey);
      const message = toPubsubMessage(event);
      outstanding++;
      try {
        await send(topic, message, orderingKey);
      } catch (error) {
        if (closed) lost++;
        throw error;
      } finally {
        outstanding--;
        if (outstanding === 0) emptied?.();
      }
    },

    consume(subscription, handler) {
      const open = async () => {
        const opened = await connect();
        await opened.prepare(subscription.topic);
        return opened;
      };
      const consumer = createPubsubConsumer(subscription, handler, { ...options, open });
      consumers.push(consumer);
      return consumer;
    },

    async deadLetters(subscription, choice) {
      const letters: DeadLetter[] = [];
      await scan(subscription, 'ids' in choice ? choice : { oldest: choice.newest }, async (messages) => {
        letters.push(...messages.map((message) => toDeadLetter(message, subscription)));
      });
      return letters.sort((a, b) => b.at.localeCompare(a.at));
    },

    redrive(subscription, choice) {
      /** Events that were published again. One that dies once more meanwhile is not among those that were meant; with it this would never end. */
      const revived = new Set<string>();
      return scan(subscription, choice, async (messages, done) => {
        const meant = 'ids' in choice ? messages : messages.filter((message) => !revived.has(eventNameOf(message)));
        for (const message of meant) revived.add(eventNameOf(message));
        // Those of one key one after the other, so that they keep their order.
        const groups = Map.groupBy(meant, ({ id, orderingKey }) => orderingKey ?? id);
        const publications = [...groups.values()].map(async (group) => {
          for (const message of group) {
            await send(topicOf(subscription), revivedMessage(message), message.orderingKey);
            done.push(message);
          }
        });
        for (const result of await Promise.allSettled(publications))
          if (result.status === 'rejected') throw result.reason;
      });
    },

    purge: (subscription, choice) =>
      scan(subscription, choice, async (messages, done) => {
        done.push(...messages);
      }),

    async check() {
      if (closed) throw new AppError('unavailable', 'the queue is closed');
      const { pubsub, prepare } = await connect();
      for (const topic of new Set(subscriptions.map((subscription) => subscription.topic)))
        try {
          await prepare(topic);
          // Asks for no permission and answers only where the service does; which rights this account has is not judged here.
          if (!config.PUBSUB_EMULATOR_HOST)
            await pubsub.topic(topic).iam.testPermissions('pubsub.topics.publish', { timeout: CHECK_TIMEOUT_MS });
        } catch (error) {
          if (grpcCode(error) !== GRPC.PERMISSION_DENIED) throw explainPubsubError(error, `topic ${topic}`);
        }
    },

    async close(withinMs) {
      closed = true;
      if (!connection) return 0;
      const deadline = options.clock.mono() + withinMs;
      const left = () => Math.max(0, deadline - options.clock.mono());
      await Promise.all(consumers.map((consumer) => consumer.stop(left())));
      if (outstanding > 0) {
        const empty = new Promise<void>((resolve) => {
          emptied = resolve;
        });
        for (const topic of topics.values()) topic.flush().catch(() => undefined);
        await settledWithin(empty, left());
      }
      lost += outstanding;
      await settledWithin(
        connection.then(({ pubsub }) => pubsub.close()),
        left(),
      );
      return lost;
    },
  };
}

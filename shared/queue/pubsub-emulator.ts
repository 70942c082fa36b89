/**
 * Makes what the emulator lacks: it starts empty, and has no deployment that would make topics and subscriptions. A topic comes with all its
 * subscriptions, so that what is published before their consumers start is kept for them; each has a topic `<subscription>-dead` for dead
 * letters, and a subscription of that name on it, so that they can be read.
 */
import type { PubSub } from '@google-cloud/pubsub';
import { deadName } from './pubsub-dead-letters.ts';
import { GRPC, grpcCode } from './pubsub-errors.ts';
import type { SubscriptionSpec } from './queue.ts';

/** Pub/Sub's own limits for the deadline in seconds. */
const ACK_SECONDS = { least: 10, most: 600 };
const BOUNDED = { timeout: 5_000 };

/** Answers a function that resolves when `topic` and its subscriptions are there. */
export function emulatorSetup(
  pubsub: PubSub,
  subscriptions: readonly SubscriptionSpec[],
): (topic: string) => Promise<void> {
  const ready = new Map<string, Promise<void>>();

  const make = async (topic: string) => {
    await ignoringExisting(pubsub.createTopic(topic, BOUNDED));
    for (const spec of subscriptions) {
      if (spec.topic !== topic) continue;
      const dead = deadName(spec.name);
      await ignoringExisting(pubsub.createTopic(dead, BOUNDED));
      await ignoringExisting(pubsub.createSubscription(pubsub.topic(dead), dead, { gaxOpts: BOUNDED }));
      await ignoringExisting(
        pubsub.createSubscription(pubsub.topic(topic), spec.name, {
          gaxOpts: BOUNDED,
          enableMessageOrdering: true,
          ackDeadlineSeconds: Math.min(
            ACK_SECONDS.most,
            Math.max(ACK_SECONDS.least, Math.ceil(spec.ackDeadlineMs / 1_000)),
          ),
          deadLetterPolicy: {
            deadLetterTopic: `projects/${pubsub.projectId}/topics/${dead}`,
            maxDeliveryAttempts: spec.maxAttempts,
          },
        }),
      );
    }
  };

  return async (topic) => {
    let making = ready.get(topic);
    if (!making) {
      making = make(topic);
      ready.set(topic, making);
      making.catch(() => ready.delete(topic));
    }
    await making;
  };
}

async function ignoringExisting(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (grpcCode(error) !== GRPC.ALREADY_EXISTS) throw error;
  }
}

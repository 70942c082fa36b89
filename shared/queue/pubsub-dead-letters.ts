/**
 * A subscription's dead letters: messages of the topic `<subscription>-dead`, kept by the subscription of that name on it. They bear Pub/Sub's
 * own marks whether its policy or a consumer put them there; only a consumer knows the reason.
 */
import type { Message, protos } from '@google-cloud/pubsub';
import { eventFromPubsubMessage } from '../events/pubsub-message.ts';
import type { PubsubClient } from './pubsub-client.ts';
import { explainPubsubError } from './pubsub-errors.ts';
import type { DeadLetter } from './queue.ts';

const PULL_TIMEOUT_MS = 5_000;

/** What Pub/Sub adds to a message that it gave up: https://cloud.google.com/pubsub/docs/handling-failures#dead_letter_topic */
const MARK = 'CloudPubSubDeadLetterSource';
const ATTEMPTS = `${MARK}DeliveryCount`;
const SOURCE = `${MARK}Subscription`;
const REASON = `${MARK}Reason`;
const NO_REASON = 'Pub/Sub keeps no reason; see the log of the function that handled it';

/** Attribute values end at 1,024 bytes. */
const REASON_LENGTH = 300;

/** Where a subscription's dead letters go: the name of the topic and of the subscription that keeps them. */
export const deadName = (subscription: string): string => `${subscription}-dead`;

/** The dead letter that a message becomes. */
export function deadMessage(message: Message, subscription: string, reason: string) {
  const marks = {
    [ATTEMPTS]: String(message.deliveryAttempt),
    [SOURCE]: subscription,
    [REASON]: reason.slice(0, REASON_LENGTH),
  };
  const { data, attributes, orderingKey } = message;
  return { data, attributes: { ...attributes, ...marks }, ...(orderingKey && { orderingKey }) };
}

/** Leaves them where they are. Pub/Sub hands out some of them; they are sorted by when they died, the newest first. */
export async function readDeadLetters(client: PubsubClient, name: string, limit: number): Promise<DeadLetter[]> {
  const subscriber = await client.subscriber();
  const subscription = `projects/${client.pubsub.projectId}/subscriptions/${deadName(name)}`;
  const timeout = { timeout: PULL_TIMEOUT_MS };
  try {
    // Without `returnImmediately` an empty subscription would hold the call until it is cancelled.
    const request = { subscription, maxMessages: limit, returnImmediately: true };
    const [{ receivedMessages }] = await subscriber.pull(request, timeout);
    const received = receivedMessages ?? [];
    const ackIds = received.flatMap(({ ackId }) => ackId ?? []);
    if (ackIds.length > 0) await subscriber.modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds: 0 }, timeout);
    return received
      .flatMap(({ message }) => message ?? [])
      .map((message) => toDeadLetter(message, name))
      .sort((a, b) => b.at.localeCompare(a.at));
  } catch (error) {
    throw explainPubsubError(error, `subscription ${deadName(name)}`);
  } finally {
    await subscriber.close();
  }
}

function toDeadLetter(message: protos.google.pubsub.v1.IPubsubMessage, subscription: string): DeadLetter {
  const { messageId, data, publishTime, orderingKey } = message;
  const at = new Date(Number(publishTime?.seconds ?? 0) * 1_000 + Number(publishTime?.nanos ?? 0) / 1e6).toISOString();
  const attributes = message.attributes ?? {};
  const event = eventFromPubsubMessage(
    {
      id: messageId ?? undefined,
      data: data instanceof Uint8Array ? data : Buffer.from(data ?? ''),
      attributes: Object.fromEntries(Object.entries(attributes).filter(([name]) => !name.startsWith(MARK))),
      publishTime: at,
      orderingKey: orderingKey ?? undefined,
    },
    { subscription: deadName(subscription) },
  );
  return {
    event,
    subscription,
    attempts: Number(attributes[ATTEMPTS] ?? 0),
    reason: attributes[REASON] ?? NO_REASON,
    at,
  };
}

/**
 * A subscription's dead letters: messages of the topic `<subscription>-dead`, kept by the subscription of that name on it. They bear Pub/Sub's
 * own marks whether its policy or a consumer put them there; only a consumer knows the reason.
 */
import type { Message, protos } from '@google-cloud/pubsub';
import { eventFromPubsubMessage } from '../events/pubsub-message.ts';
import type { DeadLetter } from './queue.ts';

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

/** A dead letter as Pub/Sub hands it out. */
export interface DeadMessage {
  /** The message's, which stays the same however often it is handed out. */
  id: string;
  /** What acknowledges this handing out. */
  ackId: string;
  data: Buffer;
  /** Without the marks. */
  attributes: Record<string, string>;
  marks: Record<string, string>;
  orderingKey: string | undefined;
  /** When it became a dead letter, RFC 3339. */
  at: string;
}

export function deadMessageOf({ ackId, message }: protos.google.pubsub.v1.IReceivedMessage): DeadMessage | undefined {
  if (!ackId || !message?.messageId) return undefined;
  const { messageId: id, data, publishTime, orderingKey } = message;
  const attributes = Object.entries(message.attributes ?? {});
  return {
    id,
    ackId,
    data: Buffer.from(data ?? ''),
    attributes: Object.fromEntries(attributes.filter(([name]) => !name.startsWith(MARK))),
    marks: Object.fromEntries(attributes.filter(([name]) => name.startsWith(MARK))),
    orderingKey: orderingKey || undefined,
    at: new Date(Number(publishTime?.seconds ?? 0) * 1_000 + Number(publishTime?.nanos ?? 0) / 1e6).toISOString(),
  };
}

export function toDeadLetter(message: DeadMessage, subscription: string): DeadLetter {
  const { id, data, attributes, marks, orderingKey, at } = message;
  return {
    id,
    event: eventFromPubsubMessage(
      { id, data, attributes, publishTime: at, orderingKey },
      { subscription: deadName(subscription) },
    ),
    subscription,
    attempts: Number(marks[ATTEMPTS] ?? 0),
    reason: marks[REASON] ?? NO_REASON,
    at,
  };
}

/** The same for every publication of one event; that of a message which is none is its own. */
export function eventNameOf({ id, attributes }: DeadMessage): string {
  return JSON.stringify([attributes['ce-source'], attributes['ce-id'] ?? id]);
}

/** The message to publish again. Names that begin with `goog` are what the service or its library added, and it takes none of them. */
export function revivedMessage({ data, attributes }: DeadMessage) {
  return {
    data,
    attributes: Object.fromEntries(Object.entries(attributes).filter(([name]) => !name.startsWith('goog'))),
  };
}

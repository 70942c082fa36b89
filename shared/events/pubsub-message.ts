/**
 * Events as Pub/Sub messages and back. An event is published in the binary mode of the CloudEvents binding for Pub/Sub: the data as JSON,
 * its context in attributes that begin with `ce-`. A message without them is an event of its own: named by its message id, from its topic.
 */
import { AppError } from '../errors.ts';
import { type Arrival, cloudEvent, eventTime, STRUCTURED, structuredEvent } from './cloudevent.ts';
import type { Delivery, Event, NewEvent } from './event.ts';
import { decodeData, malformed } from './wire-values.ts';

/** A message as the client library hands it out. */
export interface PubsubMessage {
  id?: string | undefined;
  data?: Uint8Array | undefined;
  attributes?: Record<string, string> | undefined;
  publishTime?: Date | string | undefined;
  /** '' where there is none. */
  orderingKey?: string | undefined;
  /** 0 where the subscription does not count. */
  deliveryAttempt?: number | undefined;
}

/** Where a message came from, as far as the transport says: resource names such as `projects/p/topics/t`. */
export interface MessageOrigin {
  subscription?: string | undefined;
  topic?: string | undefined;
  /** RFC 3339; used where neither the event nor the message says a time. */
  receivedAt?: string | undefined;
}

/** The type of a message that was not published as a CloudEvent; also what Eventarc calls the event that wraps a message. */
export const MESSAGE_PUBLISHED = 'google.cloud.pubsub.topic.v1.messagePublished';

/** Pub/Sub's own limits: https://cloud.google.com/pubsub/quotas#resource_limits */
const MAX_DATA_BYTES = 10_000_000;
const MAX_ATTRIBUTES = 100;
const MAX_KEY_BYTES = 256;
const MAX_VALUE_BYTES = 1024;

/** Context attributes that an event has fields for: an attribute of such a name is no extension. */
const CONTEXT = new Set(['specversion', 'id', 'source', 'type', 'time', 'subject', 'datacontenttype', 'data']);

/** The event in a message, pulled or pushed. Throws `bad_request` where there is none to be read. */
export function eventFromPubsubMessage(message: PubsubMessage, origin: MessageOrigin = {}): Event {
  const { publishTime } = message;
  const published = typeof publishTime === 'object' ? publishTime.toISOString() : publishTime;
  const delivery: Delivery = {
    ...(message.id && { messageId: message.id }),
    ...(published && { publishTime: published }),
    ...(origin.subscription && { subscription: origin.subscription }),
    ...(origin.topic && { topic: origin.topic }),
    ...(message.deliveryAttempt && { attempt: message.deliveryAttempt }),
  };
  const { context, contentType, others } = sorted(message.attributes ?? {});
  const time = published ?? origin.receivedAt;
  const arrival: Arrival = { delivery, orderingKey: message.orderingKey, time, attributes: others };
  const data = message.data ?? new Uint8Array();

  if (contentType && STRUCTURED.test(contentType)) return structuredEvent(data, arrival);
  if (context['specversion'] !== undefined) {
    const datacontenttype = contentType ?? context['datacontenttype'] ?? '';
    return cloudEvent({ ...context, datacontenttype }, decodeData(data, datacontenttype), arrival);
  }
  if (!message.id) throw malformed('the message has no id');
  return {
    id: message.id,
    source: `//pubsub.googleapis.com/${origin.topic ?? origin.subscription ?? ''}`,
    type: MESSAGE_PUBLISHED,
    time: eventTime(undefined, time),
    ...(contentType && { dataContentType: contentType }),
    data: decodeData(data, contentType),
    attributes: message.attributes ?? {},
    ...(message.orderingKey && { orderingKey: message.orderingKey }),
    delivery,
  };
}

/** A message's attributes by what they are: the context of a CloudEvent, the type of its data, and others. */
function sorted(all: Record<string, string>) {
  const entries = Object.entries(all);
  const isContentType = (name: string) => name.toLowerCase() === 'content-type';
  return {
    context: Object.fromEntries(
      entries.filter(([name]) => name.startsWith('ce-')).map(([name, value]) => [name.slice(3), value]),
    ),
    contentType: entries.find(([name]) => isContentType(name))?.[1],
    others: Object.fromEntries(entries.filter(([name]) => !name.startsWith('ce-') && !isContentType(name))),
  };
}

/** The message that carries an event. Throws `invalid` for an event without a name or with an attribute name that is taken, `too_large` beyond Pub/Sub's limits. */
export function toPubsubMessage(event: NewEvent): { data: Buffer; attributes: Record<string, string> } {
  const { id, source, type, time, subject, data, attributes = {} } = event;
  const taken = Object.keys(attributes).find((name) => /^(?:ce-|goog|content-type$)/i.test(name) || name === '');
  if (!id || !source || !type) throw new AppError('invalid', 'an event needs an id, a source and a type');
  if (taken !== undefined)
    throw new AppError('invalid', `an event cannot have an attribute named ${JSON.stringify(taken)}`);
  const message = {
    data: data === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(data)),
    attributes: {
      'ce-specversion': '1.0',
      'ce-id': id,
      'ce-source': source,
      'ce-type': type,
      'ce-time': time,
      ...(subject && { 'ce-subject': subject }),
      'content-type': 'application/json',
      ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [messageName(name), value])),
    },
  };
  assertFits(message);
  return message;
}

/** Extensions have lower-case letters and digits in their names; other attributes travel as they are. */
function messageName(name: string): string {
  return /^[a-z0-9]+$/.test(name) && !CONTEXT.has(name) ? `ce-${name}` : name;
}

function assertFits({ data, attributes }: { data: Buffer; attributes: Record<string, string> }): void {
  if (data.length > MAX_DATA_BYTES)
    throw new AppError('too_large', `the event's data is larger than ${MAX_DATA_BYTES} bytes`);
  const entries = Object.entries(attributes);
  if (entries.length > MAX_ATTRIBUTES)
    throw new AppError('too_large', `the message has more than ${MAX_ATTRIBUTES} attributes`);
  for (const [name, value] of entries)
    if (Buffer.byteLength(name) > MAX_KEY_BYTES || Buffer.byteLength(value) > MAX_VALUE_BYTES)
      throw new AppError('too_large', `attribute ${name.slice(0, 50)} is larger than Pub/Sub takes`);
}

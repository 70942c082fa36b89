/**
 * The two JSON bodies in which Pub/Sub and Cloud Functions wrapped messages before CloudEvents: a push subscription's envelope, and the
 * background event, whose context is a member of its own or, in the oldest form, spread beside the data.
 */
import { eventTime } from './cloudevent.ts';
import type { Event } from './event.ts';
import { eventFromPubsubMessage, type MessageOrigin } from './pubsub-message.ts';
import { decodeBase64, isObject, type Members, malformed, optionalText } from './wire-values.ts';

/** A push: {message: {data, attributes, messageId, publishTime, orderingKey}, subscription, deliveryAttempt}. */
export function eventFromPush(body: Members, origin: MessageOrigin): Event {
  const { message } = body;
  if (!isObject(message)) throw malformed('message is not an object');
  const attempt = body['deliveryAttempt'] ?? body['delivery_attempt'] ?? undefined;
  if (attempt !== undefined && !(Number.isSafeInteger(attempt) && Number(attempt) >= 0))
    throw malformed('deliveryAttempt is not a whole number');
  const either = (name: string, otherSpelling: string) =>
    optionalText(message, name, 'message') ?? optionalText(message, otherSpelling, 'message');
  return eventFromPubsubMessage(
    {
      id: either('messageId', 'message_id'),
      data: base64Member(message, 'message.data'),
      attributes: textMembers(message, 'message.attributes'),
      publishTime: either('publishTime', 'publish_time'),
      orderingKey: either('orderingKey', 'ordering_key'),
      deliveryAttempt: attempt as number | undefined,
    },
    { ...origin, subscription: optionalText(body, 'subscription', 'body') ?? origin.subscription },
  );
}

const PUBSUB_TYPES = new Set(['google.pubsub.topic.publish', 'providers/cloud.pubsub/eventTypes/topic.publish']);

export function isBackgroundEvent(body: Members): boolean {
  return isObject(body['context']) || 'eventId' in body;
}

/** A background event: {context: {eventId, timestamp, eventType, resource}, data}, or {eventId, timestamp, eventType, resource, data}. */
export function eventFromBackground(body: Members, receivedAt: string): Event {
  const { data, context: nested, ...spread } = body;
  const context = isObject(nested) ? nested : spread;
  const { eventId, timestamp, eventType, resource, ...others } = context;
  const id = optionalText(context, 'eventId', 'context');
  const type = optionalText(context, 'eventType', 'context');
  const at = optionalText(context, 'timestamp', 'context');
  if (!id || !type) throw malformed(`context has no ${id ? 'eventType' : 'eventId'}`);
  const { service, name, kind } = resourceOf(resource);

  if (PUBSUB_TYPES.has(type) && isObject(data)) {
    const message = {
      id,
      data: base64Member(data, 'data.data'),
      attributes: textMembers(data, 'data.attributes'),
      publishTime: at,
    };
    return eventFromPubsubMessage(message, { topic: name, receivedAt });
  }
  if (!name) throw malformed('context has no resource');
  return {
    id,
    source: service ? `//${service}/${name}` : name,
    type,
    time: eventTime(at, receivedAt),
    data,
    attributes: { ...(kind && { resourcetype: kind }), ...asTexts(others) },
    delivery: {},
  };
}

/** A resource is its name, or {service, name, type}. */
function resourceOf(resource: unknown) {
  if (!isObject(resource)) return { name: optionalText({ resource }, 'resource', 'context') };
  const part = (name: string) => optionalText(resource, name, 'context.resource');
  return { service: part('service'), name: part('name'), kind: part('type') };
}

function base64Member(members: Members, path: string): Uint8Array | undefined {
  const [where = '', name = ''] = path.split('.');
  const text = optionalText(members, name, where);
  return text === undefined ? undefined : decodeBase64(text, path);
}

function textMembers(members: Members, path: string): Record<string, string> | undefined {
  const value = members[path.slice(path.indexOf('.') + 1)] ?? undefined;
  if (value === undefined) return undefined;
  if (!isObject(value) || !Object.values(value).every((item) => typeof item === 'string'))
    throw malformed(`${path} is not an object of strings`);
  return value as Record<string, string>;
}

/** What else a context says, kept: text as it is, anything else as JSON. */
function asTexts(members: Members): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(members).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
    );
  } catch (cause) {
    throw malformed('context is nested too deeply', cause);
  }
}

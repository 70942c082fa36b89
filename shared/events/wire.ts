/**
 * One typed event from every shape in which one arrives over HTTP, with no field lost:
 *
 * | shape | known by |
 * |---|---|
 * | CloudEvents structured | `Content-Type: application/cloudevents+json` |
 * | Pub/Sub push, unwrapped with metadata | `x-goog-pubsub-*` headers |
 * | CloudEvents binary | `ce-*` headers |
 * | Pub/Sub push | a JSON body with `message` |
 * | background event, both forms | a JSON body with `context` or `eventId` |
 *
 * A CloudEvent of Eventarc that wraps a Pub/Sub message is that message. A message that was published as a CloudEvent is that event again.
 */
import { type Arrival, cloudEvent, STRUCTURED, structuredEvent } from './cloudevent.ts';
import type { Event } from './event.ts';
import { eventFromPubsubMessage, MESSAGE_PUBLISHED } from './pubsub-message.ts';
import { eventFromBackground, eventFromPush, isBackgroundEvent } from './push-body.ts';
import { decodeData, isObject, malformed, parseJson } from './wire-values.ts';

export interface WireRequest {
  headers: Headers;
  body: Uint8Array;
  /** RFC 3339; used where nothing in the request says a time. */
  receivedAt: string;
}

/** The event in a request. Throws AppError `bad_request` naming what is wrong, and nothing else. */
export function eventFromRequest({ headers, body, receivedAt }: WireRequest): Event {
  const contentType = headers.get('content-type') ?? '';
  const arrival: Arrival = { delivery: {}, time: receivedAt };
  if (STRUCTURED.test(contentType)) return unwrapped(structuredEvent(body, arrival));
  if (headers.has('x-goog-pubsub-message-id')) return eventFromUnwrappedPush(headers, body, receivedAt);
  if (headers.has('ce-specversion') || headers.has('ce-id'))
    return unwrapped(cloudEvent(ceHeaders(headers, contentType), decodeData(body, contentType), arrival));

  const json = parseJson(body, 'the body');
  if (!isObject(json)) throw malformed('the body is not a JSON object');
  if ('message' in json) return eventFromPush(json, { receivedAt });
  if (isBackgroundEvent(json)) return eventFromBackground(json, receivedAt);
  throw malformed(
    'the body is no event: it has neither message nor context, and there are no ce- or x-goog-pubsub- headers',
  );
}

/** The message in Eventarc's event for one; any other event as it is. */
function unwrapped(event: Event): Event {
  if (event.type !== MESSAGE_PUBLISHED) return event;
  if (!isObject(event.data)) throw malformed('the data of a messagePublished event is not an object');
  const topic = event.source.replace(/^\/\/pubsub\.googleapis\.com\//, '');
  const inner = eventFromPush(event.data, { topic, receivedAt: event.time });
  return { ...inner, attributes: { ...event.attributes, ...inner.attributes } };
}

function ceHeaders(headers: Headers, datacontenttype: string): Record<string, string> {
  const context = [...headers].filter(([name]) => name.startsWith('ce-'));
  return { ...Object.fromEntries(context.map(([name, value]) => [name.slice(3), headerText(value)])), datacontenttype };
}

/** Header values are percent-encoded UTF-8, in quotes at times (CloudEvents HTTP binding, 3.1.3.2); a stray % stands for itself. */
function headerText(value: string): string {
  const bare = /^".*"$/.test(value) ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value;
  return bare.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString());
}

/** Headers that the way here adds; the others are the message's attributes, in lower case. */
const TRANSPORT_HEADER =
  /^(?:host|accept(?:-.*)?|authorization|connection|content-(?:length|encoding)|transfer-encoding|user-agent|from|via|forwarded|keep-alive|te|expect|upgrade|x-forwarded-.*|x-goog-.*|x-cloud-trace-context|function-execution-id)$/;

function eventFromUnwrappedPush(headers: Headers, body: Uint8Array, receivedAt: string): Event {
  const metadata = (name: string) => headers.get(`x-goog-pubsub-${name}`) ?? undefined;
  // Of a message that is no CloudEvent this header says nothing: Pub/Sub or a proxy made it up.
  const typed = headers.has('ce-specversion');
  const isAttribute = (name: string) => !TRANSPORT_HEADER.test(name) && (typed || name !== 'content-type');
  return eventFromPubsubMessage(
    {
      id: metadata('message-id'),
      data: body,
      attributes: Object.fromEntries([...headers].filter(([name]) => isAttribute(name))),
      publishTime: metadata('publish-time'),
      orderingKey: metadata('ordering-key'),
    },
    { subscription: metadata('subscription-name'), receivedAt },
  );
}

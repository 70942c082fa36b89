/** CloudEvents 1.0: what every binding has in common, and the structured JSON format (https://github.com/cloudevents/spec, v1.0.2). */
import type { Delivery, Event } from './event.ts';
import { decodeBase64, decodeData, isObject, type Members, malformed, parseJson, utcTime } from './wire-values.ts';

/** What is known of a delivery before the event in it is read. */
export interface Arrival {
  delivery: Delivery;
  orderingKey?: string | undefined;
  /** RFC 3339; stands in for the time of an event that says none. */
  time?: string | undefined;
  /** The message's own attributes; the event's extensions of the same name win. */
  attributes?: Record<string, string>;
}

export const STRUCTURED = /^application\/cloudevents\+json\s*(?:;|$)/i;

/** An event from its context attributes by name, without a binding's prefix. Throws `bad_request` where a required one is missing. */
export function cloudEvent(context: Record<string, string>, data: unknown, arrival: Arrival): Event {
  const { specversion, id, source, type, time, subject, datacontenttype, ...extensions } = context;
  if (!specversion?.startsWith('1.')) throw malformed('specversion is not 1.0');
  for (const [name, value] of Object.entries({ id, source, type }))
    if (!value) throw malformed(`the event has no ${name}`);
  return {
    id: id as string,
    source: source as string,
    type: type as string,
    time: eventTime(time, arrival.time),
    ...(subject && { subject }),
    ...(datacontenttype && { dataContentType: datacontenttype }),
    data,
    attributes: { ...arrival.attributes, ...extensions },
    ...(arrival.orderingKey && { orderingKey: arrival.orderingKey }),
    delivery: arrival.delivery,
  };
}

/** The time the producer gave, else the time of arrival. */
export function eventTime(time: string | undefined, fallback: string | undefined): string {
  const text = time || fallback;
  if (!text) throw malformed('the event has no time');
  return utcTime(text, 'the time');
}

/** An event in the structured JSON format. */
export function structuredEvent(body: Uint8Array, arrival: Arrival): Event {
  const members = parseJson(body, 'the event');
  if (!isObject(members)) throw malformed('the event is not a JSON object');
  const { data, data_base64, ...rest } = members;
  const context = contextOf(rest);
  if (data_base64 === undefined || data_base64 === null) return cloudEvent(context, data, arrival);
  if (data !== undefined) throw malformed('the event has both data and data_base64');
  if (typeof data_base64 !== 'string') throw malformed('data_base64 is not a string');
  return cloudEvent(context, decodeData(decodeBase64(data_base64, 'data_base64'), context['datacontenttype']), arrival);
}

function contextOf(members: Members): Record<string, string> {
  const present = Object.entries(members).filter(([, value]) => value !== null);
  for (const [name, value] of present)
    if (typeof value === 'object') throw malformed(`${name} is neither text, number nor boolean`);
  return Object.fromEntries(present.map(([name, value]) => [name, String(value)]));
}

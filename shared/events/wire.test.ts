import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../errors.ts';
import type { NewEvent } from './event.ts';
import { eventFromPubsubMessage, MESSAGE_PUBLISHED, toPubsubMessage } from './pubsub-message.ts';
import { eventFromRequest } from './wire.ts';

const RECEIVED = '2026-03-04T05:06:07.000Z';
const TOPIC = 'projects/p-1/topics/hits';
const SUBSCRIPTION = 'projects/p-1/subscriptions/clicks';

const parse = (headers: Record<string, string>, body: unknown) =>
  eventFromRequest({
    headers: new Headers(headers),
    body: body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    receivedAt: RECEIVED,
  });

const refuses = (headers: Record<string, string>, body: unknown, what: RegExp) =>
  assert.throws(
    () => parse(headers, body),
    (error) => isAppError(error, 'bad_request') && what.test(error.message),
  );

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const JSON_TYPE = { 'content-type': 'application/json' };

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((value) => value.isWellFormed());
const headerText = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/);
const jsonValue = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const extensionName = fc.stringMatching(/^x[a-z0-9]{1,12}$/).filter((name) => name !== 'x');

const newEvent = (value: fc.Arbitrary<string>): fc.Arbitrary<NewEvent> =>
  fc.record(
    {
      id: value,
      source: value,
      type: value.map((type) => `t.${type}`),
      time: fc
        .date({ min: new Date('1970-01-01'), max: new Date('2200-01-01'), noInvalidDate: true })
        .map((date) => date.toISOString()),
      subject: value,
      data: fc.option(jsonValue, { nil: undefined }),
      attributes: fc.dictionary(extensionName, value, { maxKeys: 5 }),
    },
    { requiredKeys: ['id', 'source', 'type', 'time', 'data'] },
  );

const delivered = (event: NewEvent) => ({
  ...event,
  attributes: { ...event.attributes },
  dataContentType: 'application/json',
});

/** The headers of CloudEvents over HTTP, whose values are percent-encoded. */
const ceHeaders = (event: NewEvent) => {
  const { data: _, attributes, ...context } = event;
  const all = { specversion: '1.0', ...context, ...attributes };
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [
      `ce-${name}`,
      Buffer.from(value)
        .toString('latin1')
        .replaceAll(/[^!#$&-~]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`),
    ]),
  );
};

describe('an event comes back as it was published', () => {
  const same = (actual: unknown, event: NewEvent, extra: object) =>
    assert.deepEqual(JSON.parse(JSON.stringify(actual)), JSON.parse(JSON.stringify({ ...delivered(event), ...extra })));

  test('from a push', () =>
    fc.assert(
      fc.property(newEvent(text), (event) => {
        const { data, attributes } = toPubsubMessage(event);
        const body = {
          message: { data: base64(data), attributes, messageId: '77', publishTime: RECEIVED, orderingKey: 'k' },
          subscription: SUBSCRIPTION,
          deliveryAttempt: 3,
        };
        const delivery = { messageId: '77', publishTime: RECEIVED, subscription: SUBSCRIPTION, attempt: 3 };
        same(parse(JSON_TYPE, body), event, { orderingKey: 'k', delivery });
      }),
    ));

  test('from a pull', () =>
    fc.assert(
      fc.property(newEvent(text), (event) => {
        const message = {
          ...toPubsubMessage(event),
          id: '77',
          publishTime: new Date(RECEIVED),
          orderingKey: '',
          deliveryAttempt: 0,
        };
        same(eventFromPubsubMessage(message, { topic: TOPIC }), event, {
          delivery: { messageId: '77', publishTime: RECEIVED, topic: TOPIC },
        });
      }),
    ));

  test('from an unwrapped push with metadata', () =>
    fc.assert(
      fc.property(newEvent(headerText), (event) => {
        const { data, attributes } = toPubsubMessage(event);
        const headers = {
          ...attributes,
          host: 'h.example',
          authorization: 'Bearer x',
          'user-agent': 'APIs-Google',
          'x-forwarded-for': '192.0.2.1',
          'x-goog-pubsub-message-id': '77',
          'x-goog-pubsub-publish-time': RECEIVED,
          'x-goog-pubsub-subscription-name': SUBSCRIPTION,
          'x-goog-pubsub-ordering-key': 'k',
        };
        same(parse(headers, data), event, {
          orderingKey: 'k',
          delivery: { messageId: '77', publishTime: RECEIVED, subscription: SUBSCRIPTION },
        });
      }),
    ));

  test('from a binary CloudEvent', () =>
    fc.assert(
      fc.property(newEvent(text), (event) => {
        const body = event.data === undefined ? '' : JSON.stringify(event.data);
        same(parse({ ...JSON_TYPE, ...ceHeaders(event) }, body), event, { delivery: {} });
      }),
    ));

  test('from a structured CloudEvent', () =>
    fc.assert(
      fc.property(newEvent(text), fc.boolean(), (event, asBytes) => {
        const { attributes, data, ...context } = event;
        const payload =
          asBytes && data !== undefined ? { data_base64: base64(Buffer.from(JSON.stringify(data))) } : { data };
        const body = { specversion: '1.0', datacontenttype: 'application/json', ...context, ...attributes, ...payload };
        same(parse({ 'content-type': 'application/cloudevents+json; charset=utf-8' }, body), event, { delivery: {} });
      }),
    ));

  test("from Eventarc's event about a message, binary or structured", () =>
    fc.assert(
      fc.property(newEvent(text), fc.boolean(), (event, structured) => {
        const { data, attributes } = toPubsubMessage(event);
        const outer = {
          specversion: '1.0',
          id: '77',
          source: `//pubsub.googleapis.com/${TOPIC}`,
          type: MESSAGE_PUBLISHED,
          time: RECEIVED,
        };
        const body = {
          message: { data: base64(data), attributes, message_id: '77', publish_time: RECEIVED },
          subscription: SUBSCRIPTION,
        };
        const actual = structured
          ? parse({ 'content-type': 'application/cloudevents+json' }, { ...outer, data: body })
          : parse({ ...JSON_TYPE, ...Object.fromEntries(Object.entries(outer).map(([k, v]) => [`ce-${k}`, v])) }, body);
        same(actual, event, {
          delivery: { messageId: '77', publishTime: RECEIVED, subscription: SUBSCRIPTION, topic: TOPIC },
        });
      }),
    ));

  test('from a background event, in both forms', () =>
    fc.assert(
      fc.property(newEvent(text), fc.boolean(), (event, nested) => {
        const { data, attributes } = toPubsubMessage(event);
        const context = {
          eventId: '77',
          timestamp: RECEIVED,
          eventType: 'google.pubsub.topic.publish',
          resource: {
            service: 'pubsub.googleapis.com',
            name: TOPIC,
            type: 'type.googleapis.com/google.pubsub.v1.PubsubMessage',
          },
        };
        const message = {
          '@type': 'type.googleapis.com/google.pubsub.v1.PubsubMessage',
          data: base64(data),
          attributes,
        };
        const body = nested ? { context, data: message } : { ...context, data: message };
        same(parse(JSON_TYPE, body), event, { delivery: { messageId: '77', publishTime: RECEIVED, topic: TOPIC } });
      }),
    ));
});

describe('what cannot be read is refused by name', () => {
  const message = { messageId: '1', publishTime: RECEIVED };
  const ce = { specversion: '1.0', id: 'i', source: '/s', type: 't' };
  const structured = { 'content-type': 'application/cloudevents+json' };
  const cases: [string, Record<string, string>, unknown, RegExp][] = [
    ['no JSON', {}, '{', /body is not JSON/],
    ['invalid UTF-8', {}, Buffer.from([0x22, 0xff, 0x22]), /body is not JSON/],
    ['an array', {}, [], /not a JSON object/],
    ['another object', {}, {}, /no event/],
    ['a message of the wrong type', {}, { message: 'x' }, /message is not an object/],
    ['a message without an id', {}, { message: { publishTime: RECEIVED } }, /message has no id/],
    ['an id of the wrong type', {}, { message: { ...message, messageId: 1 } }, /messageId is not a string/],
    ['data that is not base64', {}, { message: { ...message, data: 'a b' } }, /message.data is not base64/],
    ['attributes that are not strings', {}, { message: { ...message, attributes: { a: 1 } } }, /message.attributes/],
    ['a delivery attempt that is no number', {}, { message, deliveryAttempt: 'x' }, /deliveryAttempt/],
    ['a time that is none', {}, { message: { ...message, publishTime: 'yesterday' } }, /RFC 3339/],
    ['a day that does not exist', {}, { message: { ...message, publishTime: '2026-02-40T00:00:00Z' } }, /RFC 3339/],
    ['a CloudEvent of another version', structured, { ...ce, specversion: '0.3' }, /specversion/],
    ['a CloudEvent without source', structured, { ...ce, source: undefined }, /no source/],
    ['an extension that is an object', structured, { ...ce, ext: {} }, /ext is neither/],
    ['both kinds of data', structured, { ...ce, data: 1, data_base64: '' }, /both/],
    [
      'declared JSON that is none',
      { ...JSON_TYPE, 'ce-specversion': '1.0', 'ce-id': 'i', 'ce-source': '/s', 'ce-type': 't' },
      '{',
      /data is not JSON/,
    ],
    ['a background event without a type', {}, { eventId: 'e', data: 1 }, /no eventType/],
    ['an Eventarc event about no message', structured, { ...ce, type: MESSAGE_PUBLISHED, data: {} }, /message/],
  ];
  for (const [name, headers, body, what] of cases) test(name, () => refuses(headers, body, what));

  test('whatever comes, nothing but bad_request is thrown', () => {
    const key = fc.constantFrom(
      'message',
      'context',
      'data',
      'data_base64',
      'eventId',
      'eventType',
      'timestamp',
      'resource',
      'attributes',
      'messageId',
      'publishTime',
      'specversion',
      'id',
      'source',
      'type',
      'time',
      'subscription',
      'deliveryAttempt',
      '__proto__',
      'constructor',
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('1.0', MESSAGE_PUBLISHED, RECEIVED, 'google.pubsub.topic.publish', ''),
        fc.jsonValue(),
        fc.dictionary(key, tie('tree')),
      ),
    }));
    const header = fc.constantFrom(
      'content-type',
      'ce-id',
      'ce-specversion',
      'ce-source',
      'ce-type',
      'ce-time',
      'x-goog-pubsub-message-id',
      'x-goog-pubsub-publish-time',
    );
    const headerValue = fc.oneof(
      fc.constantFrom('1.0', 'application/cloudevents+json', 'application/json', MESSAGE_PUBLISHED, '%', '%ff', '"'),
      headerText,
    );
    const body = fc.oneof(
      tree.map((value) => Buffer.from(JSON.stringify(value))),
      fc.uint8Array(),
    );
    fc.assert(
      fc.property(fc.dictionary(header, headerValue, { noNullPrototype: true }), body, (headers, bytes) => {
        try {
          parse(headers, bytes);
        } catch (error) {
          assert.ok(isAppError(error, 'bad_request'), String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

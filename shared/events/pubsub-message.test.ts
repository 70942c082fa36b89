import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AppError } from '../errors.ts';
import type { NewEvent } from './event.ts';
import { eventFromPubsubMessage, MESSAGE_PUBLISHED, toPubsubMessage } from './pubsub-message.ts';
import { eventFromRequest } from './wire.ts';

const RECEIVED = '2026-03-04T05:06:07.000Z';
const SUBSCRIPTION = 'projects/p-1/subscriptions/clicks';
const JSON_TYPE = { 'content-type': 'application/json' };

const parse = (headers: Record<string, string>, body: unknown) =>
  eventFromRequest({
    headers: new Headers(headers),
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    receivedAt: RECEIVED,
  });

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

describe('a message that was published as an event', () => {
  test('with attributes whose names are those of the context or no extension names', () => {
    const event: NewEvent = {
      id: 'a',
      source: '/s',
      type: 't',
      time: RECEIVED,
      data: null,
      attributes: { id: 'other', type: 'other', 'Mixed-Case': '1', traceparent: '00-1' },
    };
    const { data, attributes } = toPubsubMessage(event);
    assert.equal(attributes['ce-traceparent'], '00-1');
    assert.deepEqual(
      eventFromPubsubMessage({ data, attributes, id: '1', publishTime: RECEIVED }).attributes,
      event.attributes,
    );
  });
});

describe('a message that is no CloudEvent', () => {
  const push = (message: object, rest: object = { subscription: SUBSCRIPTION }) =>
    parse(JSON_TYPE, {
      message: { messageId: '9', publishTime: '2026-01-02T03:04:05.123456789Z', ...message },
      ...rest,
    });

  test('is named by its id and its subscription, and keeps every attribute', () => {
    assert.deepEqual(push({ data: base64(Buffer.from('{"a":1}')), attributes: { k: 'v', 'ce-odd': '1' } }), {
      id: '9',
      source: `//pubsub.googleapis.com/${SUBSCRIPTION}`,
      type: MESSAGE_PUBLISHED,
      time: '2026-01-02T03:04:05.123456789Z',
      data: { a: 1 },
      attributes: { k: 'v', 'ce-odd': '1' },
      delivery: { messageId: '9', publishTime: '2026-01-02T03:04:05.123456789Z', subscription: SUBSCRIPTION },
    });
  });

  test('may have attributes alone, with data absent, null or empty', () => {
    for (const data of [undefined, null, '']) assert.equal(push({ data, attributes: { k: 'v' } }).data, undefined);
  });

  test('carries JSON, text or bytes', () => {
    assert.deepEqual(push({ data: base64(Buffer.from('[1]')) }).data, [1]);
    assert.equal(push({ data: base64(Buffer.from('plain ✓')) }).data, 'plain ✓');
    assert.deepEqual(push({ data: base64(Buffer.from([0xff, 0x00])) }).data, Buffer.from([0xff, 0x00]));
  });

  test('may be a structured CloudEvent inside', () => {
    const inside = { specversion: '1.0', id: 'in', source: '/s', type: 't', data: 5 };
    const event = push({
      data: base64(Buffer.from(JSON.stringify(inside))),
      attributes: { 'content-type': 'application/cloudevents+json', k: 'v' },
    });
    assert.equal(event.id, 'in');
    assert.equal(event.time, '2026-01-02T03:04:05.123456789Z');
    assert.deepEqual(event.attributes, { k: 'v' });
    assert.equal(event.delivery.messageId, '9');
  });

  test('arrives unwrapped with its own headers told from the transport', () => {
    const event = parse({ ...JSON_TYPE, 'x-goog-pubsub-message-id': '9', tenant: 't1', host: 'h' }, 'not json');
    assert.equal(event.data, 'not json');
    assert.deepEqual(event.attributes, { tenant: 't1' });
    assert.equal(event.time, RECEIVED);
  });

  test('of another service comes as a background event with all its context', () => {
    const event = parse(JSON_TYPE, {
      context: {
        eventId: 'e',
        timestamp: '2026-01-02T03:04:05+08:00',
        eventType: 'google.storage.object.finalize',
        resource: { service: 'storage.googleapis.com', name: 'b/o', type: 'storage#object' },
        params: { a: 1 },
      },
      data: { bucket: 'b' },
    });
    assert.equal(event.source, '//storage.googleapis.com/b/o');
    assert.equal(event.time, '2026-01-01T19:04:05Z');
    assert.deepEqual(event.attributes, { resourcetype: 'storage#object', params: '{"a":1}' });
    assert.deepEqual(event.data, { bucket: 'b' });
  });
});

describe('an event that cannot be published is refused', () => {
  const event: NewEvent = { id: 'a', source: '/s', type: 't', time: RECEIVED, data: 1 };
  const code = (given: NewEvent) => {
    try {
      toPubsubMessage(given);
    } catch (error) {
      return (error as AppError).code;
    }
    return 'published';
  };

  test('for a name that is taken or missing', () => {
    for (const name of ['ce-id', 'googx', 'Content-Type', ''])
      assert.equal(code({ ...event, attributes: { [name]: 'x' } }), 'invalid');
    assert.equal(code({ ...event, id: '' }), 'invalid');
  });

  test("for being beyond Pub/Sub's limits", () => {
    assert.equal(code({ ...event, attributes: { k: 'x'.repeat(1024) } }), 'published');
    assert.equal(code({ ...event, attributes: { k: 'x'.repeat(1025) } }), 'too_large');
    assert.equal(code({ ...event, subject: 'é'.repeat(513) }), 'too_large');
    assert.equal(code({ ...event, data: 'x'.repeat(9_999_998) }), 'published');
    assert.equal(code({ ...event, data: 'x'.repeat(9_999_999) }), 'too_large');
    assert.equal(
      code({ ...event, attributes: Object.fromEntries(Array.from({ length: 95 }, (_, i) => [`k${i}`, '1'])) }),
      'too_large',
    );
  });
});

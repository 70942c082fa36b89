import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createSocketServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Message } from '@google-cloud/pubsub';
import { getRequestListener } from '@hono/node-server';
import { systemClock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Event } from '../events/event.ts';
import { toPubsubMessage } from '../events/pubsub-message.ts';
import { createMessageEndpoint } from '../http/message-endpoint.ts';
import { systemIds } from '../ids.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { arrivals, eventually, newEvent, type QueueUnderTest, specs, within } from './contract-tools.ts';
import { openPubsubQueue } from './pubsub.ts';
import { createPubsubClient } from './pubsub-client.ts';
import { queueContract } from './queue.contract.ts';

const emulator = process.env['PUBSUB_EMULATOR_HOST'];
const config = { GOOGLE_CLOUD_PROJECT: 'hawker-test', PUBSUB_EMULATOR_HOST: emulator };

const MISSING =
  'no Pub/Sub emulator: install it with `gcloud components install pubsub-emulator` (it needs Java), start it and set PUBSUB_EMULATOR_HOST';
if (!emulator && process.env['CI'] === 'true') throw new Error(MISSING);

function begin(t: TestContext): QueueUnderTest {
  const log = createKeptLog();
  return {
    log,
    eventually,
    spec: specs(),
    async open(subscriptions) {
      const queue = openPubsubQueue({ config, subscriptions, log, clock: systemClock, ids: systemIds });
      t.after(() => queue.close(2_000));
      return queue;
    },
  };
}

queueContract({
  name: 'the Pub/Sub driver',
  begin,
  skipAll: emulator ? false : MISSING,
});

test('a pushed event reaches its function whole; a failure brings it again, a success ends it', {
  skip: emulator ? false : MISSING,
  timeout: 60_000,
}, async (t) => {
  const { spec: specOf, log, open } = begin(t);
  const spec = specOf();
  const got = arrivals<Event>();
  const ended = arrivals<number>();
  const endpoint = createMessageEndpoint(
    {
      async handle(event) {
        got.add(event);
        if (got.all.length < 3) throw new AppError('unavailable', 'not yet');
      },
    },
    { name: spec.name, identity: 'open', ackDeadlineMs: spec.ackDeadlineMs, log, clock: systemClock, ids: systemIds },
  );
  const listener = getRequestListener(endpoint);
  const server = createServer((request, response) => {
    response.on('finish', () => ended.add(response.statusCode));
    void listener(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });

  const { pubsub } = createPubsubClient(config);
  await pubsub.createTopic(spec.topic);
  const pushEndpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await pubsub.createSubscription(pubsub.topic(spec.topic), spec.name, { pushConfig: { pushEndpoint } });
  t.after(async () => {
    await pubsub.subscription(spec.name).delete();
    await pubsub.close();
  });

  // With no subscription of its own in sight the queue makes none: the push subscription alone is there.
  const queue = await open([]);
  const event = newEvent('pushed', {
    subject: '日本/é',
    data: { text: 'ü 🍜', list: [1, null] },
    attributes: { trace: 'x' },
  });
  await queue.publish(spec.topic, event);
  await within(ended.count(3), 'three deliveries');
  assert.deepEqual(ended.all, [503, 503, 204]);
  for (const { delivery, dataContentType: _, ...fields } of got.all) {
    assert.deepEqual(fields, event);
    assert.ok(delivery.subscription?.endsWith(spec.name));
  }
  // What was answered with a success stays away: the next delivery is of the next event.
  const next = newEvent('next');
  await queue.publish(spec.topic, next);
  await within(got.count(4), 'the next event');
  assert.equal(got.all[3]?.id, next.id);
});

test('a dead letter that cannot be published again stays one', {
  skip: emulator ? false : MISSING,
  timeout: 60_000,
}, async (t) => {
  const { spec: specOf, open } = begin(t);
  const spec = specOf();
  const queue = await open([spec]);
  const { pubsub } = createPubsubClient(config);
  t.after(() => pubsub.close());
  assert.deepEqual(await queue.deadLetters(spec.name, { newest: 10 }), []);
  const { data, attributes } = toPubsubMessage(newEvent('stays', { data: 'é' }));
  // As Pub/Sub's own policy writes it.
  await pubsub.topic(`${spec.name}-dead`).publishMessage({
    data,
    attributes: { ...attributes, CloudPubSubDeadLetterSourceDeliveryCount: '7' },
  });
  await pubsub.topic(spec.topic).delete();
  const all = { oldest: Number.POSITIVE_INFINITY };
  await assert.rejects(queue.redrive(spec.name, all), (error) => isAppError(error, 'unavailable'));
  const [letter] = await queue.deadLetters(spec.name, { newest: 10 });
  assert.deepEqual([letter?.attempts, letter?.event.data], [7, 'é']);
  assert.match(letter?.reason ?? '', /keeps no reason/);

  await pubsub.createTopic(spec.topic);
  await pubsub.createSubscription(spec.topic, `${spec.name}-again`);
  assert.deepEqual(await queue.redrive(spec.name, all), [letter?.id]);
  assert.deepEqual(await queue.deadLetters(spec.name, { newest: 10 }), []);
  const again = { ...spec, name: `${spec.name}-again` };
  const got = arrivals<Event>();
  (await open([again])).consume(again, async (event) => got.add(event));
  await within(got.count(1), 'the event');
  assert.deepEqual([got.all[0]?.id, got.all[0]?.attributes], [letter?.event.id, {}]);
});

test('what dies again while all dead letters are redriven is not redriven once more', {
  skip: emulator ? false : MISSING,
  timeout: 60_000,
}, async (t) => {
  const { spec: specOf, open } = begin(t);
  const spec = specOf();
  const queue = await open([spec]);
  const { pubsub } = createPubsubClient(config);
  t.after(() => pubsub.close());
  assert.deepEqual(await queue.deadLetters(spec.name, { newest: 10 }), []);
  const dead = pubsub.topic(`${spec.name}-dead`);
  await dead.publishMessage(toPubsubMessage(newEvent('doomed')));
  // A consumer whose attempts are used up before the next look.
  let deaths = 0;
  const died = Promise.withResolvers<void>();
  const subscription = pubsub.subscription(spec.name);
  subscription.on('message', (message: Message) => {
    message.ack();
    const { data, attributes } = message;
    if (++deaths < 20) dead.publishMessage({ data, attributes }).then(() => died.resolve(), died.reject);
  });
  t.after(() => subscription.close());
  assert.equal((await queue.redrive(spec.name, { oldest: Number.POSITIVE_INFINITY })).length, 1);
  await within(died.promise, 'its second death');
  assert.equal(deaths, 1);
  assert.equal(
    (
      await eventually(async () => {
        const letters = await queue.deadLetters(spec.name, { newest: 10 });
        return letters.length > 0 ? letters : undefined;
      })
    ).length,
    1,
  );
});

test('publishing to a Pub/Sub that does not answer ends with `unavailable`, and closing with the number of events it lost', {
  timeout: 60_000,
}, async (t) => {
  const sockets = new Set<Socket>();
  const silent = createSocketServer((socket) => sockets.add(socket.on('error', () => undefined)));
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const queue = openPubsubQueue({
    config: { GOOGLE_CLOUD_PROJECT: 'hawker-test', PUBSUB_EMULATOR_HOST: address },
    subscriptions: [],
    clock: systemClock,
    ids: systemIds,
    log: createKeptLog(),
    publishTimeoutMs: 500,
  });
  const refused = (publication: Promise<void>) =>
    assert.rejects(within(publication, 'the refusal'), (error) => isAppError(error, 'unavailable'));
  await refused(queue.publish('hits', newEvent('unheard')));
  const publications = [1, 2, 3].map(() => refused(queue.publish('hits', newEvent('unheard'))));
  assert.equal(await queue.close(200), 3);
  await Promise.all(publications);
});

test('a key whose publication failed can be published to again', {
  skip: emulator ? false : MISSING,
  timeout: 60_000,
}, async (t) => {
  const proxy = await openProxy(t, emulator ?? '');
  const spec = specs()();
  const queue = openPubsubQueue({
    config: { ...config, PUBSUB_EMULATOR_HOST: proxy.address },
    subscriptions: [spec],
    clock: systemClock,
    ids: systemIds,
    log: createKeptLog(),
    publishTimeoutMs: 1_500,
  });
  t.after(() => queue.close(1_000));
  const publish = (data: string) => queue.publish(spec.topic, newEvent('keyed', { data }), { orderingKey: 'k' });
  await publish('before');
  proxy.cut();
  await assert.rejects(publish('lost'), (error) => isAppError(error, 'unavailable'));
  proxy.mend();
  await eventually(async () =>
    publish('after').then(
      () => true,
      () => undefined,
    ),
  );
  const got = arrivals<Event>();
  queue.consume(spec, async (event) => got.add(event));
  await eventually(async () => got.all.some(({ data }) => data === 'after') || undefined);
});

/** Stands before the emulator and can be cut off from it. */
async function openProxy(t: TestContext, target: string) {
  const [host, port] = target.split(':');
  const sockets = new Set<Socket>();
  let whole = true;
  const server = createSocketServer((socket) => {
    if (!whole) return void socket.destroy();
    const through = connect(Number(port), host);
    for (const end of [socket, through]) sockets.add(end.on('error', () => undefined));
    socket.pipe(through).pipe(socket);
  });
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    drop();
    server.close();
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      whole = false;
      drop();
    },
    mend() {
      whole = true;
    },
  };
}

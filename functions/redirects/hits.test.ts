import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { AppError } from '#shared/errors.ts';
import { systemIds } from '#shared/ids.ts';
import type { Hit } from '#shared/links/records.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { aDomain, aLink } from '#shared/testing/links.ts';
import { createHits, MOST_HELD, PRESSED } from './hits.ts';
import { BROWSER, createRecordingQueue, createTestStore, putDomain, putLink, start } from './rig.ts';

const HIT: Hit = {
  linkId: '1',
  host: 'go.example',
  slug: 'a',
  match: 'exact',
  target: 'https://t.example/',
  status: 302,
  label: 'human',
  reason: 'browser',
};
const unavailable = () => Promise.reject(new AppError('unavailable', 'the queue is away'));

function someHits() {
  const queue = createRecordingQueue();
  const clock = createFakeClock();
  const log = createKeptLog();
  return { queue, clock, log, hits: createHits(queue, clock, systemIds, log) };
}

async function served() {
  const store = createTestStore();
  await putDomain(store, aDomain());
  await putLink(store, aLink());
  return store;
}

test('a queue that fails gets each hit again later, once it works, under the same id', async () => {
  const { queue, clock, log, hits } = someHits();
  const ids = new Set<string>();
  const { publish } = queue;
  queue.publish = async (topic, event) => {
    ids.add(event.id);
    await publish(topic, event);
  };
  queue.instead = unavailable;
  for (let i = 0; i < 10; i++) hits.hand({ ...HIT });
  for (let i = 0; i < 20; i++) await clock.advance(5_000);
  assert.equal(queue.events.length, 0);
  queue.instead = undefined;
  await clock.advance(5_000);
  assert.equal(queue.events.length, 10);
  assert.equal(ids.size, 10);
  await hits.drain(0);
  assert.deepEqual(
    log.lines.map(({ message }) => message),
    ['the queue refuses hits; they are kept and tried again', 'the queue takes hits again'],
  );
  assert.deepEqual(
    log.lines.filter(({ severity }) => severity === 'ERROR'),
    [],
  );
});

test('what the queue will never take is counted and told', async () => {
  const { queue, log, hits } = someHits();
  queue.instead = () => Promise.reject(new AppError('too_large', 'the event is too large'));
  await new Promise<void>((resolve) => hits.hand(HIT, undefined, resolve));
  assert.deepEqual(
    log.lines.map(({ lost, reason }) => [lost, reason]),
    [[1, 'the event is too large']],
  );
});

test('what is held is bounded: first answers are asked to wait, then hits are dropped, counted and told', async () => {
  const { queue, clock, log, hits } = someHits();
  queue.instead = () => new Promise(() => {});
  for (let i = 0; i < PRESSED; i++) {
    assert.equal(hits.pressed(), false);
    hits.hand(HIT);
  }
  assert.equal(hits.pressed(), true);
  for (let i = PRESSED; i < MOST_HELD; i++) hits.hand(HIT);
  let done = 0;
  for (let i = 0; i < 100; i++) hits.hand(HIT, undefined, () => done++);
  assert.equal(done, 100);
  const draining = hits.drain(1_000);
  await clock.advance(1_000);
  await draining;
  const lost = log.lines.filter(({ message }) => message === 'hits were lost').map((line) => Number(line['lost']));
  assert.equal(
    lost.reduce((sum, count) => sum + count, 0),
    MOST_HELD + 100,
  );
});

test('drain tries again until the queue takes what is held', async () => {
  const { queue, clock, log, hits } = someHits();
  queue.instead = unavailable;
  for (let i = 0; i < 5; i++) hits.hand({ ...HIT });
  await clock.advance(10);
  const draining = hits.drain(5_000);
  await clock.advance(1_000);
  queue.instead = undefined;
  await clock.advance(6_000);
  await draining;
  assert.equal(queue.events.length, 5);
  assert.deepEqual(
    log.lines.filter(({ severity }) => severity === 'ERROR'),
    [],
  );
});

test('drain does not sit out the long pauses of an outage', async () => {
  const { queue, clock, log } = someHits();
  const hits = createHits(queue, clock, { ...systemIds, random: () => 0.99 }, log);
  queue.instead = unavailable;
  hits.hand({ ...HIT });
  await clock.advance(0);
  // Tries come at 0.2, 0.6, 1.4, 3.0, 6.1 s and every 4.95 s from then on.
  await clock.advance(51_000);
  const draining = hits.drain(1_000);
  await clock.advance(50);
  queue.instead = undefined;
  await clock.advance(950);
  await draining;
  assert.equal(queue.events.length, 1);
});

test('an answer does not wait for the queue', async () => {
  const queue = createRecordingQueue();
  queue.instead = () => new Promise(() => {});
  await using instance = await start({ store: await served(), queue });
  for (let i = 0; i < 3; i++) assert.equal((await instance.ask('/a')).status, 302);
});

test('on Cloud Run the headers leave at once and the end waits for the queue, for two seconds at most', async () => {
  const queue = createRecordingQueue();
  const clock = createFakeClock();
  let accept = () => {};
  queue.instead = () => new Promise((resolve) => (accept = resolve));
  await using instance = await start({ store: await served(), queue, clock, env: { K_SERVICE: 'redirects' } });

  const open = async () => {
    const socket = connect(instance.port, '127.0.0.1').setEncoding('latin1');
    socket.write(`GET /a HTTP/1.1\r\nHost: go.example\r\nUser-Agent: ${BROWSER}\r\n\r\n`);
    const seen = { text: '' };
    await new Promise<void>((resolve) => {
      socket.on('data', (chunk: string) => {
        seen.text += chunk;
        if (seen.text.includes('\r\n\r\n')) resolve();
      });
    });
    const ended = new Promise<void>((resolve) => {
      const look = () => seen.text.endsWith('\r\n0\r\n\r\n') && resolve();
      socket.on('data', look);
      look();
    });
    return { seen, ended, socket };
  };

  const taken = await open();
  assert.match(taken.seen.text, /^HTTP\/1\.1 302 [\s\S]*Location: https:\/\/t\.example\/\r\n/);
  assert.doesNotMatch(taken.seen.text, /\r\n0\r\n\r\n$/);
  accept();
  await taken.ended;
  assert.equal(queue.events.length, 1);

  const slow = await open();
  await clock.advance(1_900);
  assert.doesNotMatch(slow.seen.text, /\r\n0\r\n\r\n$/);
  await clock.advance(100);
  await slow.ended;
  for (const { socket } of [taken, slow]) socket.destroy();
});

test('on Cloud Run an answer to HEAD waits as a whole', async () => {
  const queue = createRecordingQueue();
  let accepted = false;
  queue.instead = async () => {
    await new Promise(setImmediate);
    accepted = true;
  };
  await using instance = await start({ store: await served(), queue, env: { K_SERVICE: 'redirects' } });
  const { status, headers } = await instance.ask('/a', { method: 'HEAD' });
  assert.deepEqual([status, headers.location, accepted], [302, 'https://t.example/', true]);
});

test('hits still held when the process must end are handed on by drain', async () => {
  const queue = createRecordingQueue();
  queue.instead = unavailable;
  await using instance = await start({ store: await served(), queue });
  await Promise.all(Array.from({ length: 100 }, () => instance.ask('/a')));
  queue.instead = undefined;
  await instance.drain(5_000);
  assert.equal(queue.hits.length, 100);
});

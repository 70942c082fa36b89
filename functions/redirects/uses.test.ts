import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '#shared/clock.ts';
import { AppError } from '#shared/errors.ts';
import { systemIds } from '#shared/ids.ts';
import type { Link, LinkUses } from '#shared/links/records.ts';
import { aDomain, aLink } from '#shared/testing/links.ts';
import { BROWSER, createRecordingQueue, createTestStore, putDomain, putLink, start } from './rig.ts';
import { createUses } from './uses.ts';

async function limited(clickLimit: number, more: Partial<Link> = {}) {
  const store = createTestStore();
  await putDomain(store, aDomain());
  const link = aLink({ slug: 'gift', clickLimit, ...more });
  await putLink(store, link);
  const used = async () => (await store.get<LinkUses>('link-uses', link.id))?.value.used ?? 0;
  return { store, link, used };
}

test('a limit is exact over two instances and many visitors at once', async () => {
  const { store, used } = await limited(50);
  // As slow as a network, so that visitors pile up and writes collide.
  store.before = () => new Promise(setImmediate);
  await using one = await start({ store });
  await using two = await start({ store });
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      (index % 2 ? one : two).ask('/gift', { headers: { 'user-agent': `${BROWSER} ${index}` } }),
    ),
  );
  const statuses = answers.map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 302).length, 50);
  assert.equal(statuses.filter((status) => status === 410).length, 150);
  assert.equal(await used(), 50);
});

test('visitors of one moment share one write and are served in their order', async () => {
  const { store, used } = await limited(0);
  let writes = 0;
  store.before = async (collection) => {
    if (collection === 'link-uses') writes++;
  };
  const uses = createUses(store, systemClock, systemIds);
  const together = (count: number, limit: number) =>
    Promise.all(Array.from({ length: count }, () => uses.take('1', limit)));
  assert.deepEqual(await together(5, 100), [true, true, true, true, true]);
  assert.deepEqual(await together(5, 8), [true, true, true, false, false]);
  assert.deepEqual(await together(2, 8), [false, false]);
  assert.deepEqual(await together(2, 9), [true, false]);
  assert.equal((await store.get<LinkUses>('link-uses', '1'))?.value.used, 9);
  assert.ok(writes < 12, `${writes} reads and writes`);
  assert.equal(await used(), 0);
});

test('only people use a link up, and then it is gone for everybody', async () => {
  const { store, used } = await limited(2, { status: 307 });
  const queue = createRecordingQueue();
  await using instance = await start({ store, queue });
  const others = [
    { method: 'HEAD' },
    { headers: { 'user-agent': 'Slackbot-LinkExpanding 1.0' } },
    { headers: { 'user-agent': 'curl/8' } },
    { headers: { 'user-agent': '' } },
    { headers: { 'sec-purpose': 'prefetch' } },
    { headers: { 'x-purpose': 'preview' } },
    { method: 'OPTIONS' },
  ];
  for (const asked of others) assert.equal((await instance.ask('/gift', asked)).status, 307);
  assert.equal(await used(), 0);
  for (const expected of [307, 307, 410]) assert.equal((await instance.ask('/gift')).status, expected);
  for (const asked of others) assert.equal((await instance.ask('/gift', asked)).status, 410);
  assert.equal(await used(), 2);
  assert.equal(queue.hits.filter(({ label }) => label === 'human').length, 2);
});

test("a raised limit opens the link again, and a used-up one leads to the domain's target for that", async () => {
  const { store, link } = await limited(1);
  await using instance = await start({ store });
  assert.equal((await instance.ask('/gift')).status, 302);
  await putDomain(store, aDomain({ expiredTarget: 'https://t.example/over' }));
  await using fresh = await start({ store });
  assert.equal((await fresh.ask('/gift')).headers.location, 'https://t.example/over');
  await putLink(store, { ...link, clickLimit: 2 });
  await using later = await start({ store });
  assert.equal((await later.ask('/gift')).headers.location, 'https://t.example/');
  assert.equal((await later.ask('/gift')).headers.location, 'https://t.example/over');
});

test('a method that the status would change uses nothing', async () => {
  const { store, used } = await limited(1);
  await using instance = await start({ store });
  assert.equal((await instance.ask('/gift', { method: 'POST' })).status, 405);
  assert.equal(await used(), 0);
});

test('without the store a limited link answers 503, since nobody can tell', async () => {
  const { store } = await limited(5);
  await using instance = await start({ store });
  assert.equal((await instance.ask('/gift')).status, 302);
  store.before = () => Promise.reject(new AppError('unavailable', 'the store is away'));
  const { status, headers } = await instance.ask('/gift');
  assert.deepEqual([status, headers['retry-after']], [503, '5']);
  store.before = undefined;
  assert.equal((await instance.ask('/gift')).status, 302);
});

test('an answer that never came does not let more through than the limit', async () => {
  const { store, used } = await limited(3);
  await using instance = await start({ store });
  let calls = 0;
  const { create, replace } = store;
  // Every other use is written, but the answer is lost for good.
  const losing = async (collection: string, write: Promise<string>) => {
    const version = await write;
    if (collection === 'link-uses' && ++calls % 2 === 1) throw new AppError('outcome_unknown', 'the answer was lost');
    return version;
  };
  store.create = (...args) => losing(args[0], create(...args));
  store.replace = (...args) => losing(args[0], replace(...args));
  const statuses: number[] = [];
  for (let i = 0; i < 6; i++) statuses.push((await instance.ask('/gift')).status);
  assert.deepEqual(statuses, [503, 302, 503, 410, 410, 410]);
  assert.equal(await used(), 3);
});

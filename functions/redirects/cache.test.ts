import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '#shared/errors.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { aDomain, aLink } from '#shared/testing/links.ts';
import { createCache } from './cache.ts';
import { createTestStore, putDomain, putLink } from './rig.ts';

async function aCache(remote = false) {
  const store = createTestStore();
  const clock = createFakeClock();
  const log = createKeptLog();
  await putDomain(store, aDomain());
  const link = aLink({ slug: 'a', target: 'https://t.example/old' });
  await putLink(store, link);
  for (const collection of Object.keys(store.reads)) store.reads[collection] = 0;
  const cache = createCache<never>(Object.assign(store, { remote }), clock, log);
  const targetOf = async (path: string, host = 'go.example') => {
    const known = cache.peek(host, path) ?? (await cache.find(host, path));
    return typeof known === 'string' ? known : known.links.find(Boolean)?.target;
  };
  return { store, clock, log, cache, link, targetOf };
}

const down = () => Promise.reject(new AppError('unavailable', 'the store is away'));

test('a cold key costs one read each of state, domain and links, however many ask at once', async () => {
  const { store, targetOf } = await aCache();
  const answers = await Promise.all(Array.from({ length: 50 }, () => targetOf('/a')));
  assert.deepEqual(new Set(answers), new Set(['https://t.example/old']));
  assert.deepEqual(store.reads, { domains: 1, 'domain-state': 1, links: 1 });
  await Promise.all(Array.from({ length: 50 }, () => targetOf('/b')));
  assert.deepEqual(store.reads, { domains: 1, 'domain-state': 1, links: 2 });
});

test('what does not exist is remembered too, until the domain changes', async () => {
  const { store, clock, targetOf, link } = await aCache();
  for (let i = 0; i < 20; i++) {
    assert.equal(await targetOf('/none'), undefined);
    assert.equal(await targetOf('/', 'other.example'), 'unknown-host');
  }
  assert.deepEqual(store.reads, { domains: 1, 'domain-state': 2, links: 1 });
  await putLink(store, { ...link, id: 'new', slug: 'none' });
  await putDomain(store, aDomain({ host: 'other.example', rootTarget: 'https://t.example/' }));
  await clock.advance(250);
  assert.equal(await targetOf('/none'), 'https://t.example/old');
  assert.equal(await targetOf('/', 'other.example'), undefined);
});

test('an edit shows within two seconds, hits or not, on a remote store, and in a fifth of that on a local one', async () => {
  for (const [remote, within] of [
    [true, 1_900],
    [false, 400],
  ] as const) {
    const { store, clock, targetOf, link } = await aCache(remote);
    assert.equal(await targetOf('/a'), 'https://t.example/old');
    await putLink(store, { ...link, target: 'https://t.example/new' });
    const step = within / 50;
    let waited = 0;
    // Hits all the time must not keep the old answer alive.
    while ((await targetOf('/a')) !== 'https://t.example/new') {
      await clock.advance(step);
      waited += step;
      assert.ok(waited <= within, `still the old target after ${waited} ms`);
    }
    await putLink(store, { ...link, target: '' }, true);
    await clock.advance(within);
    assert.equal(await targetOf('/a'), undefined, 'without hits in between');
  }
});

test('a busy domain is read at most once per period and answers meanwhile', async () => {
  const { store, clock, cache, targetOf } = await aCache(true);
  await targetOf('/a');
  let release = () => {};
  store.before = () => new Promise((resolve) => (release = resolve));
  await clock.advance(1_100);
  for (let i = 0; i < 100; i++)
    assert.ok(cache.peek('go.example', '/a'), 'the known one answers while the new one is read');
  assert.equal(store.reads['domain-state'], 2);
  await clock.advance(800);
  assert.equal(cache.peek('go.example', '/a'), undefined, 'but not longer than the limit');
  store.before = undefined;
  release();
  assert.equal(await targetOf('/a'), 'https://t.example/old');
  assert.deepEqual(store.reads, { domains: 1, 'domain-state': 2, links: 1 });
});

test('links read before a change are not taken for the newer ones', async () => {
  const { store, clock, targetOf, link } = await aCache();
  await targetOf('/other');
  const old = await store.get('links', 'go.example|a|exact');
  let release = () => {};
  store.before = (collection) =>
    collection === 'links' ? new Promise((resolve) => (release = resolve)) : Promise.resolve();
  const { getMany } = store;
  let first = true;
  store.getMany = async <T>(collection: string, ids: readonly string[]) => {
    const late = collection === 'links' && first;
    if (late) first = false;
    const docs = await getMany<T>(collection, ids);
    return late ? ([old] as typeof docs) : docs;
  };
  const slow = targetOf('/a');
  await new Promise(setImmediate);
  const releaseSlow = release;
  store.before = undefined;
  await putLink(store, { ...link, target: 'https://t.example/new' });
  await clock.advance(300);
  assert.equal(await targetOf('/a'), 'https://t.example/new');
  releaseSlow();
  assert.equal(await slow, 'https://t.example/old');
  assert.equal(await targetOf('/a'), 'https://t.example/new');
});

test('without the store known links go on, for a day; what is not known cannot be told; the outage is logged once', async () => {
  const { store, clock, log, targetOf } = await aCache(true);
  await targetOf('/a');
  await targetOf('/none');
  store.before = down;
  for (let hour = 0; hour < 23; hour++) {
    await clock.advance(3_600_000);
    assert.equal(await targetOf('/a'), 'https://t.example/old');
    for (const path of ['/never-asked', '/none']) await assert.rejects(targetOf(path), { code: 'unavailable' });
    await assert.rejects(targetOf('/', 'other.example'), { code: 'unavailable' });
  }
  assert.equal(log.lines.filter(({ severity }) => severity === 'ERROR').length, 1);
  await clock.advance(2 * 3_600_000);
  await assert.rejects(targetOf('/a'), { code: 'unavailable' });
  store.before = undefined;
  await clock.advance(2_000);
  assert.equal(await targetOf('/a'), 'https://t.example/old');
  assert.equal(await targetOf('/none'), undefined);
});

test('a failure of long ago does not keep an old answer alive when the store is back', async () => {
  const { store, clock, targetOf, link } = await aCache(true);
  await targetOf('/a');
  await targetOf('/none');
  await clock.advance(1_500);
  store.before = down;
  assert.equal(await targetOf('/a'), 'https://t.example/old');
  await new Promise(setImmediate);
  store.before = undefined;
  await putLink(store, { ...link, target: 'https://t.example/new' });
  await clock.advance(3_600_000);
  assert.equal(await targetOf('/a'), 'https://t.example/new');
  assert.equal(await targetOf('/none'), undefined);
});

test('a store that hangs keeps a visitor waiting two seconds at most', async () => {
  const { store, clock, targetOf } = await aCache(true);
  await targetOf('/a');
  store.before = () => new Promise(() => {});
  const unknown = assert.rejects(targetOf('/b'), { code: 'unavailable' });
  await new Promise(setImmediate);
  await clock.advance(2_000);
  await unknown;
  const known = targetOf('/a');
  await new Promise(setImmediate);
  await clock.advance(2_000);
  assert.equal(await known, 'https://t.example/old');
  assert.equal(await targetOf('/a'), 'https://t.example/old', 'and once that is known, not at all');
});

test('made-up hosts push no real one out', async () => {
  const { store, cache, targetOf } = await aCache();
  await targetOf('/a');
  for (let i = 0; i < 12_000; i++) await cache.find(`h${i}.example`, '/');
  store.reads['links'] = 0;
  assert.ok(cache.peek('go.example', '/a'));
});

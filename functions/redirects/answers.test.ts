import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AppError } from '#shared/errors.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { aDomain, aLink } from '#shared/testing/links.ts';
import { BROWSER, createRecordingQueue, createTestStore, putDomain, putLink, start } from './rig.ts';
import { createSampleStore, led } from './sample.ts';

const store = await createSampleStore();
const queue = createRecordingQueue();

describe('the answer', () => {
  test("has the link's status and always says how long it may be kept", async () => {
    await using instance = await start({ store, queue });
    for (const status of [301, 302, 307, 308]) {
      const { status: got, headers, body } = await instance.ask(`/s${status}`);
      assert.equal(got, status);
      assert.equal(
        headers['cache-control'],
        status === 301 || status === 308 ? 'private, max-age=90' : 'private, no-store',
      );
      assert.equal(body, '');
    }
    for (const path of ['/nothing', '/over', '/%zz'])
      assert.equal((await instance.ask(path)).headers['cache-control'], 'no-store');
  });

  test("sets no cookie and no policy for the customer's domain", async () => {
    await using instance = await start({ store, queue });
    const { headers } = await instance.ask('/a');
    assert.deepEqual(Object.keys(headers).sort(), [
      'cache-control',
      'connection',
      'content-length',
      'date',
      'location',
    ]);
  });

  test('to HEAD is that to GET without a body', async () => {
    await using instance = await start({ store, queue });
    for (const path of ['/a', '/nothing', '/over']) {
      const [get, head] = [await instance.ask(path), await instance.ask(path, { method: 'HEAD' })];
      assert.equal(head.status, get.status);
      assert.equal(head.body, '');
      assert.deepEqual({ ...head.headers, date: '' }, { ...get.headers, date: '' });
    }
  });

  test('is 405 with Allow where the status would change the method, else a redirect', async () => {
    await using instance = await start({ store, queue });
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      for (const path of ['/s301', '/s302', '/a']) {
        const { status, headers } = await instance.ask(path, { method });
        assert.deepEqual([status, headers.allow, headers.location], [405, 'GET, HEAD', undefined]);
      }
      for (const status of [307, 308]) assert.equal((await instance.ask(`/s${status}`, { method })).status, status);
    }
    assert.equal((await instance.ask('/nothing', { method: 'POST' })).status, 404);
  });

  test('tells unknown, not yet, ended and malformed apart', async () => {
    await using instance = await start({ store, queue });
    assert.equal(await led(instance, '/nothing'), '404');
    assert.equal(await led(instance, '/soon'), '404');
    assert.equal(await led(instance, '/over'), '410');
    assert.equal(await led(instance, '/%zz'), '400');
  });

  test("leads to the domain's own targets where it has them", async () => {
    await using instance = await start({ store, queue });
    const full = { host: 'full.example' };
    assert.equal(await led(instance, '/', full), '302 https://t.example/home');
    assert.equal(await led(instance, '/nothing', full), '302 https://t.example/lost');
    assert.equal(await led(instance, '/over', full), '302 https://t.example/over');
  });

  test('is a page for browsers and problem+json for programs', async () => {
    await using instance = await start({ store, queue });
    const page = await instance.ask('/nothing', { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });
    assert.match(page.headers['content-type'] ?? '', /^text\/html/);
    assert.match(page.body, /<html lang="en">[\s\S]*<h1>/);
    assert.doesNotMatch(page.body, /(?:src|href)="(?!data:)/);
    for (const accept of ['*/*', 'application/json', 'application/problem+json, text/html']) {
      const { headers, body } = await instance.ask('/nothing', { headers: { accept } });
      assert.equal(headers['content-type'], 'application/problem+json');
      const problem = JSON.parse(body) as Record<string, unknown>;
      assert.deepEqual([problem['status'], problem['code']], [404, 'not_found']);
    }
  });

  test('to reserved paths is the same on every host', async () => {
    await using instance = await start({ store, queue });
    for (const host of ['go.example', 'other.example', '127.0.0.1']) {
      assert.equal((await instance.ask('/_healthz', { host })).status, 200);
      assert.match((await instance.ask('/robots.txt?x', { host })).body, /^User-agent: \*/);
      for (const path of ['/favicon.ico', '/.well-known/assetlinks.json', '/.well-known/acme-challenge/x'])
        assert.equal(await led(instance, path, { host: 'full.example' }), '404');
    }
    assert.equal((await instance.ask('/robots.txt', { method: 'POST' })).status, 405);
  });
});

test('each redirect by a link is one hit, told apart by who asked, without the address', async () => {
  const own = createRecordingQueue();
  await using instance = await start({ store, queue: own, env: { HAWKER_COUNTRY_HEADER: 'X-Country' } });
  const headers = { referer: 'https://news.example:8443/secret?token=1', 'x-country': 'sg' };
  await instance.ask('/docs/x?secret=1', { headers });
  await instance.ask('/a', { method: 'HEAD' });
  await instance.ask('/a', { headers: { 'user-agent': 'WhatsApp/2.24' } });
  await instance.ask('/a', { headers: { 'user-agent': '' } });
  await instance.ask('/a', { headers: { 'sec-purpose': 'prefetch;prerender' } });
  await instance.ask('/a', { headers: { dnt: '1' } });
  await instance.ask('/s307', { method: 'TRACE' });
  for (const path of ['/nothing', '/over', '/robots.txt', '/%zz']) await instance.ask(path);
  await instance.ask('/nothing', { host: 'full.example' });
  assert.deepEqual(
    own.hits.map(({ label, reason }) => `${label} ${reason}`),
    [
      'human browser',
      'head method',
      'preview preview-user-agent',
      'bot empty-user-agent',
      'prefetch sec-purpose',
      'human browser',
    ],
  );
  const [first, ...others] = own.hits;
  assert.ok(first?.visitor && first.linkId);
  const { linkId: _linkId, visitor: _visitor, ...rest } = first;
  assert.deepEqual(rest, {
    host: 'go.example',
    slug: 'docs',
    match: 'prefix',
    target: 'https://t.example/docs/x',
    status: 302,
    label: 'human',
    reason: 'browser',
    userAgent: BROWSER,
    referrer: 'news.example',
    country: 'SG',
  });
  assert.equal(others[0]?.visitor, first.visitor);
  assert.notEqual(others[1]?.visitor, first.visitor);
  assert.equal(others.at(-1)?.visitor, undefined);
  assert.doesNotMatch(JSON.stringify(own.events), /127\.0\.0\.1|secret/);
  assert.equal(new Set(own.events.map(({ id }) => id)).size, own.events.length);
  assert.deepEqual([own.events[0]?.source, own.events[0]?.type], ['//hawker/redirects', 'link.hit']);
});

test('an edit and a removal show on every instance within two seconds', async () => {
  const own = createTestStore();
  await putDomain(own, aDomain());
  const link = aLink({ target: 'https://t.example/old' });
  await putLink(own, link);
  const clock = createFakeClock();
  await using one = await start({ store: Object.assign(own, { remote: true }), clock });
  await using two = await start({ store: own, clock });
  const both = async () => [await led(one, '/a'), await led(two, '/a')];
  assert.deepEqual(await both(), ['302 https://t.example/old', '302 https://t.example/old']);
  await putLink(own, { ...link, target: 'https://t.example/new' });
  await clock.advance(2_000);
  assert.deepEqual(await both(), ['302 https://t.example/new', '302 https://t.example/new']);
  await putLink(own, link, true);
  await clock.advance(2_000);
  assert.deepEqual(await both(), ['404', '404']);
});

test('with the store down known links redirect and unknown ones answer 503 with Retry-After', async () => {
  const own = createTestStore();
  await putDomain(own, aDomain());
  await putLink(own, aLink());
  const clock = createFakeClock();
  await using instance = await start({ store: own, clock });
  assert.equal(await led(instance, '/a'), '302 https://t.example/');
  own.before = () => Promise.reject(new AppError('unavailable', 'the store is away'));
  await clock.advance(60_000);
  assert.equal(await led(instance, '/a'), '302 https://t.example/');
  for (const asked of [{}, { host: 'other.example' }]) {
    const { status, headers } = await instance.ask('/b', asked);
    assert.deepEqual([status, headers['retry-after'], headers.location], [503, '5', undefined]);
  }
  assert.equal((await instance.ask('/_healthz')).status, 200);
});

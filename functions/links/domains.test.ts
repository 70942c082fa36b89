import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DomainState } from '#shared/links/records.ts';
import { createTestApp } from './testing.ts';

const HOST = 'go.example.com';
const DOMAIN = `/v1/domains/${HOST}`;

describe('a domain', () => {
  it('is made with defaults by a PUT without a body, and found at its Location', async () => {
    const { ask } = await createTestApp();
    const made = await ask(`PUT ${DOMAIN}`);
    assert.equal(made.status, 201);
    assert.equal(made.headers.get('Location'), `/links${DOMAIN}`);
    assert.deepEqual(made.body, {
      host: HOST,
      case: 'sensitive',
      trailingSlash: 'ignore',
      defaultStatus: 302,
      links: 0,
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
    });
    const found = await ask(`GET ${DOMAIN}`);
    assert.deepEqual(found.body, made.body);
    assert.equal(found.headers.get('ETag'), made.headers.get('ETag'));
  });

  it('is one domain in every spelling of its name', async () => {
    const { ask } = await createTestApp();
    assert.equal((await ask('PUT /v1/domains/M%C3%BCnchen.Example.')).body.host, 'xn--mnchen-3ya.example');
    assert.equal((await ask('PUT /v1/domains/xn--mnchen-3ya.example')).status, 200);
    const { status, body } = await ask('PUT /v1/domains/127.0.0.1');
    assert.equal(status, 422);
    assert.equal(body.errors[0].pointer, '{host}');
  });

  it('has no port, and says so rather than dropping it', async () => {
    const { ask } = await createTestApp();
    for (const host of ['a.example:8080', 'a.example%3A8080', 'a.example:']) {
      const { status, body } = await ask(`PUT /v1/domains/${host}`);
      assert.deepEqual([status, body.errors[0].pointer], [422, '{host}'], host);
      assert.match(body.errors[0].detail, /without a port/);
    }
    assert.deepEqual((await ask('GET /v1/domains')).body.items, []);
  });

  it('is never a host that serves the console, since nothing would answer there', async () => {
    const { ask } = await createTestApp({ settings: { HAWKER_CONSOLE_HOSTS: 'Admin.Example.com' } });
    for (const host of ['localhost', 'LOCALHOST.', 'admin.example.com']) {
      const { status, body } = await ask(`PUT /v1/domains/${host}`);
      assert.deepEqual([status, body.code, body.errors?.[0].pointer], [422, 'invalid', '{host}'], host);
      assert.match(body.errors[0].detail, /serves the console/);
    }
    for (const host of ['go.localhost', 'go.admin.example.com'])
      assert.equal((await ask(`PUT /v1/domains/${host}`)).status, 201, host);
  });

  it('is replaced as a whole, and its revision is new', async () => {
    const { ask, store, clock } = await createTestApp();
    await ask(`PUT ${DOMAIN}`, { rootTarget: 'https://x.example', defaultStatus: 301 });
    const before = await store.get<DomainState>('domain-state', HOST);
    await clock.advance(1000);
    const { status, body } = await ask(`PUT ${DOMAIN}`, { notFoundTarget: 'https://y.example/lost' });
    assert.equal(status, 200);
    assert.equal(body.rootTarget, undefined);
    assert.equal(body.defaultStatus, 302);
    assert.equal(body.updatedAt, '2026-01-01T00:00:01.000Z');
    assert.notEqual((await store.get('domain-state', HOST))?.version, before?.version);
  });

  it('is left alone by a PUT that changes nothing', async () => {
    const { ask, store } = await createTestApp();
    const first = await ask(`PUT ${DOMAIN}`, { rootTarget: 'https://x.example' });
    const before = await store.get('domain-state', HOST);
    const again = await ask(`PUT ${DOMAIN}`, { rootTarget: 'https://x.example' });
    assert.equal(again.headers.get('ETag'), first.headers.get('ETag'));
    assert.equal((await store.get('domain-state', HOST))?.version, before?.version);
  });

  it('names the fallback whose target is refused', async () => {
    const { ask } = await createTestApp();
    for (const name of ['rootTarget', 'notFoundTarget', 'expiredTarget']) {
      const { status, body } = await ask(`PUT ${DOMAIN}`, { [name]: 'http://10.0.0.1/' });
      assert.deepEqual([status, body.code, body.errors[0].pointer], [422, 'target_refused', `/${name}`]);
    }
    assert.equal((await ask(`GET ${DOMAIN}`)).status, 404);
  });

  it('refuses a fallback that leads back to itself', async () => {
    const { ask } = await createTestApp();
    const { status, body } = await ask(`PUT ${DOMAIN}`, { notFoundTarget: `https://${HOST}/lost` });
    assert.deepEqual([status, body.code], [422, 'redirect_loop']);
  });

  it('keeps its way of reading slugs while it has links', async () => {
    const { ask } = await createTestApp();
    await ask(`PUT ${DOMAIN}`);
    await ask(`PUT ${DOMAIN}/links/a`, { target: 'https://x.example' });
    const { status, body } = await ask(`PUT ${DOMAIN}`, { case: 'insensitive', trailingSlash: 'strict' });
    assert.equal(status, 409);
    assert.equal(body.code, 'domain_not_empty');
    assert.deepEqual(
      body.errors.map(({ pointer }: { pointer: string }) => pointer),
      ['/case', '/trailingSlash'],
    );
    await ask(`DELETE ${DOMAIN}/links/a`);
    assert.equal((await ask(`PUT ${DOMAIN}`, { case: 'insensitive' })).status, 200);
  });

  it('goes only when it is empty, and the list of domains is renewed', async () => {
    const { ask, store } = await createTestApp();
    await ask(`PUT ${DOMAIN}`);
    await ask(`PUT ${DOMAIN}/links/a`, { target: 'https://x.example' });
    const hosts = await store.get('hosts', 'all');
    await ask('PUT /v1/domains/more.example');
    const more = await store.get('hosts', 'all');
    assert.notEqual(more?.version, hosts?.version);
    const { status, body } = await ask(`DELETE ${DOMAIN}`);
    assert.deepEqual([status, body.code], [409, 'domain_not_empty']);
    await ask(`DELETE ${DOMAIN}/links/a`);
    assert.equal((await ask(`DELETE ${DOMAIN}`)).status, 204);
    assert.equal((await ask(`DELETE ${DOMAIN}`)).status, 404);
    assert.equal(await store.get('domain-state', HOST), undefined);
    assert.notEqual((await store.get('hosts', 'all'))?.version, more?.version);
  });

  it('is changed and removed only as If-Match knew it', async () => {
    const { ask } = await createTestApp();
    assert.equal((await ask(`PUT ${DOMAIN}`, {}, { 'If-Match': '*' })).status, 412);
    const first = (await ask(`PUT ${DOMAIN}`)).headers.get('ETag') ?? '';
    const second =
      (await ask(`PUT ${DOMAIN}`, { defaultStatus: 301 }, { 'If-Match': first })).headers.get('ETag') ?? '';
    assert.equal((await ask(`PUT ${DOMAIN}`, {}, { 'If-Match': first })).body.code, 'precondition_failed');
    assert.equal((await ask(`DELETE ${DOMAIN}`, undefined, { 'If-Match': first })).status, 412);
    assert.equal((await ask(`DELETE ${DOMAIN}`, undefined, { 'If-Match': second })).status, 204);
  });

  it('is only ever made where If-None-Match is *', async () => {
    const { ask } = await createTestApp();
    const asNew = { 'If-None-Match': '*' };
    const both = await Promise.all([301, 302].map((defaultStatus) => ask(`PUT ${DOMAIN}`, { defaultStatus }, asNew)));
    assert.deepEqual(new Set(both.map(({ status }) => status)), new Set([201, 412]));
    const there = (await ask(`GET ${DOMAIN}`)).headers.get('ETag');
    assert.equal((await ask(`PUT ${DOMAIN}`, { defaultStatus: 308 }, asNew)).body.code, 'precondition_failed');
    assert.equal((await ask(`GET ${DOMAIN}`)).headers.get('ETag'), there);
  });

  it('is listed page by page with its number of links', async () => {
    const { ask } = await createTestApp();
    for (const host of ['c.example', 'a.example', 'b.example']) await ask(`PUT /v1/domains/${host}`);
    await ask('POST /v1/domains/b.example/links', { target: 'https://x.example' });
    const first = (await ask('GET /v1/domains?limit=2')).body;
    const second = (await ask(`GET /v1/domains?limit=2&cursor=${first.nextCursor}`)).body;
    const seen = [...first.items, ...second.items].map(({ host, links }) => [host, links]);
    assert.deepEqual(seen, [
      ['a.example', 0],
      ['b.example', 1],
      ['c.example', 0],
    ]);
    assert.equal(second.nextCursor, undefined);
    for (const query of ['limit=0', 'limit=501', 'limit=x', 'cursor=%25', 'limt=1'])
      assert.equal((await ask(`GET /v1/domains?${query}`)).status, 422, query);
  });
});

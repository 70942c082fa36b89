import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTestApp } from './testing.ts';

async function setUp() {
  const app = await createTestApp();
  await app.ask('PUT /v1/domains/go.example', { rootTarget: 'https://home.example' });
  const resolve = async (url: string) => (await app.ask(`GET /v1/resolve?url=${encodeURIComponent(url)}`)).body;
  const put = (slug: string, body: object) => app.ask(`PUT /v1/domains/go.example/links/${slug}`, body);
  return { ...app, resolve, put };
}

describe('/v1/resolve', () => {
  it('tells where an address leads, by which link and why', async () => {
    const { resolve, put } = await setUp();
    const { id } = (await put('docs?match=prefix', { target: 'https://k8s.example/docs', status: 301 })).body;
    assert.deepEqual(await resolve('https://GO.example:443/docs/a%2Fb?x=1#there'), {
      host: 'go.example',
      outcome: 'redirect',
      status: 301,
      location: 'https://k8s.example/docs/a%2Fb?x=1',
      cacheControl: 'private, max-age=90',
      rule: 'prefix',
      reason: 'matched',
      link: { id, slug: 'docs', match: 'prefix' },
    });
    assert.equal((await resolve('go.example')).location, 'https://home.example/');
  });

  it('tells why an address leads nowhere', async () => {
    const { resolve, put } = await setUp();
    await put('later', { target: 'https://x.example', validFrom: '2026-06-01T00:00:00Z' });
    await put('over', { target: 'https://x.example', validUntil: '2025-06-01T00:00:00Z' });
    const answer = async (url: string) => {
      const { status, outcome, reason } = await resolve(url);
      return [status, outcome, reason];
    };
    assert.deepEqual(await answer('go.example/none'), [404, 'not_found', 'unknown-slug']);
    assert.deepEqual(await answer('other.example/x'), [404, 'not_found', 'unknown-host']);
    assert.deepEqual(await answer('go.example/later'), [404, 'not_found', 'not-yet-valid']);
    assert.deepEqual(await answer('go.example/over'), [410, 'gone', 'expired']);
    assert.deepEqual(await answer('go.example/%zz'), [400, 'bad_request', 'malformed']);
  });

  it('uses up nothing', async () => {
    const { resolve, put, ask } = await setUp();
    await put('few', { target: 'https://x.example', clickLimit: 1 });
    for (let times = 0; times < 3; times++) assert.equal((await resolve('go.example/few')).outcome, 'redirect');
    assert.equal((await ask('GET /v1/domains/go.example/links/few')).body.uses, 0);
  });

  it('refuses what is no address of a domain', async () => {
    const { ask } = await setUp();
    for (const url of ['', 'ftp://go.example/', '/x', 'http://127.0.0.1/x', 'http://'])
      assert.equal((await ask(`GET /v1/resolve?url=${encodeURIComponent(url)}`)).body.errors[0].pointer, '?url', url);
  });
});

describe('statistics', () => {
  it("are a link's, of the last thirty days unless asked otherwise", async () => {
    const { ask, put } = await setUp();
    await put('a', { target: 'https://x.example' });
    const { status, body } = await ask('GET /v1/domains/go.example/links/a/stats');
    assert.equal(status, 200);
    assert.deepEqual([body.from, body.to, body.by], ['2025-12-03', '2026-01-01', 'day']);
    const hours = await ask('GET /v1/domains/go.example/links/a/stats?by=hour&to=2025-12-31');
    assert.deepEqual([hours.body.from, hours.body.to], ['2025-12-30', '2025-12-31']);
    assert.equal((await ask('GET /v1/domains/go.example/links/b/stats')).status, 404);
  });

  it('name the parameter that cannot be used', async () => {
    const { ask, put } = await setUp();
    await put('a', { target: 'https://x.example' });
    const pointer = async (query: string) =>
      (await ask(`GET /v1/domains/go.example/links/a/stats?${query}`)).body.errors[0].pointer;
    assert.equal(await pointer('by=colour'), '?by');
    assert.equal(await pointer('to=soon'), '?to');
    assert.equal(await pointer('from=2026-02-30'), '?from');
    assert.equal(await pointer('from=2026-01-02&to=2026-01-01'), '?to');
  });
});

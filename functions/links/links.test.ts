import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DomainState, LinkTarget } from '#shared/links/records.ts';
import { createTestApp, type TestApp } from './testing.ts';

const HOST = 'go.example.com';
const LINKS = `/v1/domains/${HOST}/links`;
const TARGET = 'https://shop.example/autumn';

async function withDomain(given: Parameters<typeof createTestApp>[0] = {}, domain: object = {}): Promise<TestApp> {
  const app = await createTestApp(given);
  await app.ask(`PUT /v1/domains/${HOST}`, domain);
  return app;
}

describe('making a link', () => {
  it('answers 201 with what it stored, its ETag and a Location that answers the same', async () => {
    const { ask } = await withDomain();
    const fields = {
      target: 'https://MÜNCHEN.example/straße?x=1#there',
      status: 308,
      query: 'append',
      queryAllow: ['utm_*'],
      rest: 'ignore',
      validFrom: '2026-01-01T08:00:00+08:00',
      validUntil: '2027-01-01T00:00:00Z',
      clickLimit: 3,
      tags: ['autumn'],
      note: 'poster',
    };
    const made = await ask(`POST ${LINKS}`, { slug: '/docs/Ä b', match: 'prefix', ...fields });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const { id, ...rest } = made.body;
    assert.match(id, /^[\w-]{21}$/);
    assert.deepEqual(rest, {
      host: HOST,
      slug: 'docs/Ä b',
      match: 'prefix',
      ...fields,
      target: 'https://xn--mnchen-3ya.example/stra%C3%9Fe?x=1#there',
      validFrom: '2026-01-01T00:00:00.000Z',
      validUntil: '2027-01-01T00:00:00.000Z',
      path: '/docs/%C3%84%20b',
      uses: 0,
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
    });
    const location = made.headers.get('Location') ?? '';
    assert.equal(location, `/links${LINKS}/docs%2F%C3%84%20b?match=prefix`);
    const found = await ask(`GET ${location.slice('/links'.length)}`);
    assert.deepEqual(found.body, made.body);
    assert.equal(found.headers.get('ETag'), made.headers.get('ETag'));
  });

  it('makes up a slug of clear letters where none is given', async () => {
    const { ask } = await withDomain();
    const { body } = await ask(`POST ${LINKS}`, { target: TARGET });
    assert.match(body.slug, /^[34679abcdefghjkmnpqrtwxy]{6}$/);
    assert.deepEqual([body.match, body.query, body.tags], ['exact', 'incoming-wins', []]);
  });

  it('makes up another where that one is taken, a longer one when it keeps being taken, and gives up in the end', async () => {
    const lengths: number[] = [];
    const code = (length: number) => {
      lengths.push(length);
      return lengths.length % 5 === 0 ? 'fresh'.repeat(length) : 'taken';
    };
    const { ask } = await withDomain({ ids: { code } });
    await ask(`PUT ${LINKS}/taken`, { target: TARGET });
    assert.equal((await ask(`POST ${LINKS}`, { target: TARGET })).status, 201);
    assert.deepEqual(lengths, [6, 6, 7, 7, 7]);
    const crowded = await withDomain({ ids: { code: () => 'taken' } });
    await crowded.ask(`PUT ${LINKS}/taken`, { target: TARGET });
    assert.equal((await crowded.ask(`POST ${LINKS}`, { target: TARGET })).status, 409);
  });

  it('gives each of many made at once a slug of its own', async () => {
    let turn = 0;
    const { ask, store } = await withDomain({ ids: { code: () => `code${Math.floor(turn++ / 2)}`, random: () => 0 } });
    const made = await Promise.all(Array.from({ length: 8 }, () => ask(`POST ${LINKS}`, { target: TARGET })));
    const slugs = made.map(({ body }) => body.slug as string);
    assert.ok(made.every(({ status }) => status === 201));
    assert.equal(new Set(slugs).size, 8);
    assert.equal((await store.get<DomainState>('domain-state', HOST))?.value.links, 8);
  });

  it('answers 409 where the slug is taken, in whatever spelling', async () => {
    const { ask } = await withDomain({}, { case: 'insensitive' });
    await ask(`POST ${LINKS}`, { slug: 'Sale', target: TARGET });
    const { status, body } = await ask(`POST ${LINKS}`, { slug: '/sALE/', target: TARGET });
    assert.deepEqual([status, body.code, body.errors[0].pointer], [409, 'already_exists', '/slug']);
    assert.equal((await ask(`POST ${LINKS}`, { slug: 'sale', match: 'prefix', target: TARGET })).status, 201);
  });

  it('answers 404 where there is no such domain', async () => {
    const { ask } = await createTestApp();
    assert.equal((await ask(`POST ${LINKS}`, { target: TARGET })).body.code, 'not_found');
    assert.equal((await ask(`GET ${LINKS}`)).body.code, 'not_found');
    assert.equal((await ask(`PUT ${LINKS}/a`, { target: TARGET })).body.code, 'not_found');
  });

  it('names every field that is out of range', async () => {
    const { ask } = await withDomain();
    const wrong = {
      target: '',
      status: 303,
      query: 'on',
      queryAllow: Array.from({ length: 51 }, () => 'a'),
      validFrom: '2026-02-30T00:00:00Z',
      validUntil: 'tomorrow',
      clickLimit: 0,
      tags: [''],
      note: 1,
      targt: '',
    };
    const { status, body } = await ask(`POST ${LINKS}`, wrong);
    assert.equal(status, 422);
    const pointers = body.errors.map(({ pointer }: { pointer: string }) => pointer);
    assert.deepEqual(
      pointers.toSorted(),
      Object.keys(wrong)
        .map((name) => (name === 'tags' ? '/tags/0' : `/${name}`))
        .toSorted(),
    );
  });

  it('names slug, target and validUntil where it is these', async () => {
    const { ask } = await withDomain();
    const pointer = async (body: object) => {
      const answer = await ask(`POST ${LINKS}`, { target: TARGET, ...body });
      return [answer.status, answer.body.code, answer.body.errors?.[0].pointer];
    };
    assert.deepEqual(await pointer({ slug: 'a?b' }), [422, 'invalid', '/slug']);
    assert.deepEqual(await pointer({ slug: 'robots.txt' }), [422, 'invalid', '/slug']);
    assert.deepEqual(await pointer({ target: 'data:text/html,x' }), [422, 'target_refused', '/target']);
    assert.deepEqual(await pointer({ validFrom: '2026-01-02T00:00:00Z', validUntil: '2026-01-01T23:00:00-01:00' }), [
      422,
      'invalid',
      '/validUntil',
    ]);
  });
});

describe('replacing a link', () => {
  it('makes it or replaces it, keeping its id', async () => {
    const { ask } = await withDomain();
    const first = await ask(`PUT ${LINKS}/docs%2Fadmin`, { target: TARGET, note: 'n' });
    assert.equal(first.status, 201);
    const second = await ask(`PUT ${LINKS}/docs%2Fadmin`, { target: 'https://other.example/' });
    assert.equal(second.status, 200);
    assert.equal(second.body.id, first.body.id);
    assert.equal(second.body.note, undefined);
    assert.notEqual(second.headers.get('ETag'), first.headers.get('ETag'));
  });

  it('writes nothing where nothing changes', async () => {
    const { ask, store } = await withDomain();
    const first = await ask(`PUT ${LINKS}/a`, { target: TARGET });
    const before = await store.get('domain-state', HOST);
    const again = await ask(`PUT ${LINKS}/a`, { target: TARGET });
    assert.equal(again.headers.get('ETag'), first.headers.get('ETag'));
    assert.equal((await store.get('domain-state', HOST))?.version, before?.version);
  });

  it('holds exact and prefix apart, by the query or the body, which must agree', async () => {
    const { ask } = await withDomain();
    await ask(`PUT ${LINKS}/a`, { target: 'https://exact.example/' });
    assert.equal((await ask(`PUT ${LINKS}/a?match=prefix`, { target: 'https://prefix.example/' })).status, 201);
    assert.equal((await ask(`GET ${LINKS}/a`)).body.target, 'https://exact.example/');
    assert.equal((await ask(`GET ${LINKS}/a?match=prefix`)).body.target, 'https://prefix.example/');
    assert.equal((await ask(`PUT ${LINKS}/a?match=prefix`, { match: 'exact', target: TARGET })).status, 422);
    assert.equal((await ask(`DELETE ${LINKS}/a`)).status, 204);
    assert.equal((await ask(`GET ${LINKS}/a`)).body.match, 'prefix');
    assert.equal((await ask(`PUT ${LINKS}/a`, { match: 'prefix', target: TARGET })).body.match, 'prefix');
    assert.equal((await ask(`PUT ${LINKS}/a`, { match: 'exact', target: TARGET })).status, 201);
  });

  it('refuses another slug in the body, and takes another spelling', async () => {
    const { ask } = await withDomain();
    assert.equal((await ask(`PUT ${LINKS}/a`, { slug: '/a/', target: TARGET })).status, 201);
    const { status, body } = await ask(`PUT ${LINKS}/a`, { slug: 'b', target: TARGET });
    assert.deepEqual([status, body.errors[0].pointer], [422, '/slug']);
  });

  it('guards against lost updates with If-Match', async () => {
    const { ask } = await withDomain();
    assert.equal((await ask(`PUT ${LINKS}/a`, { target: TARGET }, { 'If-Match': '*' })).status, 412);
    const stale = (await ask(`PUT ${LINKS}/a`, { target: TARGET })).headers.get('ETag') ?? '';
    const both = await Promise.all(['x', 'y'].map((note) => ask(`PATCH ${LINKS}/a`, { note }, { 'If-Match': stale })));
    assert.deepEqual(new Set(both.map(({ status }) => status)), new Set([200, 412]));
    assert.equal((await ask(`PUT ${LINKS}/a`, { target: TARGET }, { 'If-Match': stale })).status, 412);
    assert.equal((await ask(`DELETE ${LINKS}/a`, undefined, { 'If-Match': stale })).status, 412);
    assert.equal((await ask(`DELETE ${LINKS}/a`, undefined, { 'If-Match': '*' })).status, 204);
  });

  it('replaces nothing where If-None-Match is *', async () => {
    const { ask } = await withDomain();
    const asNew = { 'If-None-Match': '*' };
    assert.equal((await ask(`PUT ${LINKS}/a`, { target: TARGET }, asNew)).status, 201);
    const { status, body } = await ask(`PUT ${LINKS}/a`, { target: `${TARGET}/other` }, asNew);
    assert.deepEqual([status, body.code], [412, 'precondition_failed']);
    assert.equal((await ask(`GET ${LINKS}/a`)).body.target, TARGET);
    assert.equal((await ask(`PUT ${LINKS}/a?match=prefix`, { target: TARGET }, asNew)).status, 201);
  });
});

describe('patching a link', () => {
  it('changes what is given, removes what is null and keeps the rest', async () => {
    const { ask } = await withDomain();
    await ask(`PUT ${LINKS}/a`, { target: TARGET, note: 'n', status: 301, tags: ['t'], query: 'off', clickLimit: 5 });
    const { status, body } = await ask(`PATCH ${LINKS}/a`, { status: null, tags: null, query: null, clickLimit: 6 });
    assert.equal(status, 200);
    assert.deepEqual(
      [body.note, body.status, body.tags, body.query, body.clickLimit],
      ['n', undefined, [], 'incoming-wins', 6],
    );
  });

  it('takes the media type of merge patches', async () => {
    const { ask } = await withDomain();
    await ask(`PUT ${LINKS}/a`, { target: TARGET });
    const type = { 'Content-Type': 'application/merge-patch+json' };
    assert.equal((await ask(`PATCH ${LINKS}/a`, { note: 'n' }, type)).body.note, 'n');
  });

  it('cannot remove the target or change what it is filed under, and checks the whole', async () => {
    const { ask } = await withDomain();
    await ask(`PUT ${LINKS}/a`, { target: TARGET, validUntil: '2026-01-02T00:00:00Z' });
    const pointers = async (patch: object) => {
      const { status, body } = await ask(`PATCH ${LINKS}/a`, patch);
      return [status, body.errors?.[0].pointer];
    };
    assert.deepEqual(await pointers({ target: null }), [422, '/target']);
    assert.deepEqual(await pointers({ match: 'prefix' }), [422, '/match']);
    assert.deepEqual(await pointers({ slug: 'b' }), [422, '/slug']);
    assert.deepEqual(await pointers({ validFrom: '2026-01-02T00:00:00Z' }), [422, '/validUntil']);
    assert.equal((await ask(`PATCH ${LINKS}/b`, { note: 'n' })).status, 404);
  });
});

describe('what goes with a link', () => {
  const targets = async ({ store }: TestApp) =>
    (await store.list<LinkTarget>('link-targets', { limit: 100 })).docs.map(({ id, value }) => [id, value.path]);

  it('is a row under the host it leads to, which moves and goes with it', async () => {
    const app = await withDomain();
    await app.ask(`PUT ${LINKS}/a`, { target: 'https://one.example/x' });
    assert.deepEqual(await targets(app), [[`one.example|${HOST}|a|exact`, '/x']]);
    await app.ask(`PATCH ${LINKS}/a`, { target: 'https://one.example/y' });
    assert.deepEqual(await targets(app), [[`one.example|${HOST}|a|exact`, '/y']]);
    await app.ask(`PATCH ${LINKS}/a`, { target: 'https://two.example/y' });
    assert.deepEqual(await targets(app), [[`two.example|${HOST}|a|exact`, '/y']]);
    await app.ask(`DELETE ${LINKS}/a`);
    assert.deepEqual(await targets(app), []);
  });

  it('is a new revision of its domain, with the counts of links and of prefix depths', async () => {
    const { ask, store } = await withDomain();
    const state = async () => (await store.get<DomainState>('domain-state', HOST))?.value;
    const nonces = new Set<string | undefined>();
    const after = async (line: string, body?: object) => {
      assert.ok((await ask(line, body)).status < 300);
      const { nonce, ...counts } = (await state()) ?? { nonce: '' };
      nonces.add(nonce);
      return counts;
    };
    assert.deepEqual(await after(`PUT ${LINKS}/a`, { target: TARGET }), { links: 1, prefixDepths: {} });
    assert.deepEqual(await after(`PUT ${LINKS}/%2F?match=prefix`, { target: TARGET }), {
      links: 2,
      prefixDepths: { 0: 1 },
    });
    const three = { links: 3, prefixDepths: { 0: 1, 2: 1 } };
    assert.deepEqual(await after(`PUT ${LINKS}/a%2Fb?match=prefix`, { target: TARGET }), three);
    assert.deepEqual(await after(`PATCH ${LINKS}/a`, { note: 'n' }), three);
    assert.deepEqual(await after(`DELETE ${LINKS}/a%2Fb?match=prefix`), { links: 2, prefixDepths: { 0: 1 } });
    assert.equal(nonces.size, 5);
  });

  it('are its uses, which go when it goes, and a new one starts at nought', async () => {
    const { ask, store } = await withDomain();
    const { id } = (await ask(`PUT ${LINKS}/a`, { target: TARGET, clickLimit: 3 })).body;
    await store.create('link-uses', id, { used: 2 });
    assert.equal((await ask(`GET ${LINKS}/a`)).body.uses, 2);
    assert.equal((await ask(`GET ${LINKS}`)).body.items[0].uses, 2);
    await ask(`DELETE ${LINKS}/a`);
    assert.equal(await store.get('link-uses', id), undefined);
    const again = (await ask(`PUT ${LINKS}/a`, { target: TARGET, clickLimit: 3 })).body;
    assert.equal(again.uses, 0);
    assert.notEqual(again.id, id);
  });
});

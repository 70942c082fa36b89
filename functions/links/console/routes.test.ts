import assert from 'node:assert/strict';
import test from 'node:test';
import { createTestApp, type TestApp } from '../testing.ts';

const KEY = 'admin-key-of-the-tests';

const post = (app: TestApp, path: string, fields: Record<string, string>, cookie = `hawker-session=${KEY}`) =>
  app.ask(`POST ${path}`, String(new URLSearchParams(fields)), {
    'Content-Type': 'application/x-www-form-urlencoded',
    Cookie: cookie,
  });

test('adding a domain that is there leads to it and leaves its settings alone', async () => {
  const app = await createTestApp();
  await app.ask('PUT /v1/domains/go.example', { notFoundTarget: 'https://shop.example/', defaultStatus: 301 });
  const added = await post(app, '/domains', { host: 'GO.example' });
  assert.equal(added.status, 303);
  assert.equal(added.headers.get('Location'), '/links/domains/go.example');
  const { body } = await app.ask('GET /v1/domains/go.example');
  assert.equal(body.notFoundTarget, 'https://shop.example/');
  assert.equal(body.defaultStatus, 301);
  assert.equal((await post(app, '/domains', { host: 'new.example' })).status, 303);
  assert.equal((await app.ask('GET /v1/domains/new.example')).status, 200);
});

test('a key that no header can carry is no key, typed or in the cookie', async () => {
  const app = await createTestApp();
  for (const key of ['', 'a b', 'caf\u00e9', 'a\r\nX: b']) {
    const { status, body } = await post(app, '/sign-in', { key });
    assert.deepEqual([status, /no such key/.test(body)], [401, true], JSON.stringify(key));
    const page = await app.ask('GET /', undefined, { Cookie: `hawker-session=${encodeURIComponent(key)}` });
    assert.deepEqual([page.status, /Sign in/.test(page.body)], [200, true], JSON.stringify(key));
  }
  const pasted = await post(app, '/sign-in', { key: ` ${KEY}\r\n` });
  assert.equal(pasted.status, 303);
  assert.match(String(pasted.headers.get('Set-Cookie')), new RegExp(`hawker-session=${KEY};`));
});

test('a form is read no further than its limit, and one with a file takes a long one', async () => {
  const app = await createTestApp();
  assert.equal((await post(app, '/sign-in', { key: 'x'.repeat(70_000) })).status, 413);
  assert.equal((await post(app, '/sign-in', { key: 'x'.repeat(60_000) })).status, 401);
  await app.ask('PUT /v1/domains/go.example', {});
  const text = `slug,target\r\n${Array.from({ length: 3_000 }, (_, i) => `s${i},https://shop.example/${i}`).join('\r\n')}`;
  const form = { format: 'csv', dryRun: 'true', text };
  const dry = await post(app, '/domains/go.example/import', form);
  assert.match(dry.body, /would bring in 3000 new/);
  const long = await post(app, '/domains/go.example/import', { ...form, text: 'x'.repeat(17 * 1024 * 1024) });
  assert.equal(long.status, 413);
});

test('a key that is not valid any more leaves the browser; a visit without one forgets nothing', async () => {
  const app = await createTestApp();
  const ended = await app.ask('GET /', undefined, { Cookie: 'hawker-session=hwk_ended' });
  assert.equal(ended.status, 401);
  assert.match(String(ended.headers.get('Set-Cookie')), /^hawker-session=; Max-Age=0; Path=\/(?:;|$)/);
  // As a browser comes from another site: it holds the cookie back, and must keep it.
  const anonymous = await app.ask('GET /');
  assert.equal(anonymous.headers.get('Set-Cookie'), null);
});

test('the address of a form that was refused leads back to its page, and the refusal reads as one sentence', async () => {
  const app = await createTestApp();
  await app.ask('PUT /v1/domains/go.example', {});
  const refused = await post(app, '/domains/go.example/links', { match: 'exact', target: 'http://127.0.0.1/' });
  assert.equal(refused.status, 422);
  assert.match(
    refused.body,
    /This target is not allowed: target leads to 127\.0\.0\.1, which is not a public address</,
  );
  const slug = await post(app, '/domains/go.example/links', {
    slug: 'a?b',
    match: 'exact',
    target: 'https://x.example',
  });
  assert.match(slug.body, /: slug holds /);

  const domain = '/links/domains/go.example';
  for (const [form, page] of [
    ['/sign-in', '/links/'],
    ['/domains', '/links/'],
    ['/domains/go.example/links', domain],
    ['/domains/go.example/import', domain],
    ['/domains/go.example/remove', domain],
    ['/domains/go.example/links/a%2Fb/edit?match=prefix', `${domain}/links/a%2Fb?match=prefix`],
    ['/domains/go.example/links/a/remove', `${domain}/links/a?match=exact`],
  ]) {
    const { status, headers } = await app.ask(`GET ${form}`, undefined, { Cookie: `hawker-session=${KEY}` });
    assert.deepEqual([status, headers.get('Location')], [303, page], form);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hono } from 'hono';
import { createSession, requireOwnForm } from './session.ts';

/** What a sign-in at a place sends to the browser. */
async function cookieOf(prefix: string, secure = false, headers: Record<string, string> = {}): Promise<string> {
  const app = new Hono();
  const session = createSession(prefix, secure);
  app.post('/', (c) => {
    session.open(c, 'a-key');
    return c.body(null);
  });
  return (await app.request('/', { method: 'POST', headers })).headers.get('Set-Cookie') ?? '';
}

test('one sign-in is good for all pages of an installation, and for nothing beside it', async () => {
  const pathOf = async (prefix: string) => /Path=([^;]*)/.exec(await cookieOf(prefix))?.[1];
  assert.equal(await pathOf(''), '/');
  assert.equal(await pathOf('/links'), '/');
  assert.equal(await pathOf('/hawker/links'), '/hawker/');
  assert.equal(await pathOf('/hawker/'), '/hawker/');
});

test('no script reads the cookie, no other site sends it, and over https nothing else carries it', async () => {
  assert.match(await cookieOf('/links'), /HttpOnly; SameSite=Strict$/);
  assert.match(await cookieOf('/links', true), /Secure/);
  assert.match(await cookieOf('/links', false, { 'X-Forwarded-Proto': 'https' }), /Secure/);
});

test('a form of another site is refused, by what the browser says of where it comes from', async () => {
  const app = new Hono();
  app.post('/', (c) => {
    requireOwnForm(c);
    return c.text('taken');
  });
  app.onError((error, c) => c.text(error.message, 403));
  const send = async (headers: Record<string, string>) =>
    (await app.request('http://localhost/', { method: 'POST', headers: { Host: 'localhost', ...headers } })).status;
  assert.equal(await send({ 'Sec-Fetch-Site': 'same-origin' }), 200);
  assert.equal(await send({ 'Sec-Fetch-Site': 'cross-site' }), 403);
  assert.equal(await send({ 'Sec-Fetch-Site': 'same-site' }), 403);
  assert.equal(await send({ Origin: 'https://evil.example' }), 403);
  assert.equal(await send({ Origin: 'http://localhost' }), 200);
  assert.equal(await send({}), 200);
});

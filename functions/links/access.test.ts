import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '#shared/errors.ts';
import type { Role } from '#shared/http/callers.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import { createTestApp, type TestApp } from './testing.ts';

const OWN = '/v1/domains/own.example';
const OTHER = '/v1/domains/other.example';
const LINK = { target: 'https://x.example/' };

/** Each with the least role it needs, and whether a key of own.example may do it. */
const REQUESTS: [line: string, role: Role, bound: boolean, body?: unknown][] = [
  ['GET /v1/domains', 'viewer', true],
  [`GET ${OWN}`, 'viewer', true],
  [`GET ${OTHER}`, 'viewer', false],
  [`PUT ${OWN}`, 'admin', true, { defaultStatus: 301 }],
  [`PUT ${OTHER}`, 'admin', false, { defaultStatus: 301 }],
  ['DELETE /v1/domains/spare.example', 'admin', false],
  [`GET ${OWN}/links`, 'viewer', true],
  [`GET ${OTHER}/links`, 'viewer', false],
  [`POST ${OWN}/links`, 'editor', true, LINK],
  [`POST ${OTHER}/links`, 'editor', false, LINK],
  [`PUT ${OWN}/links/a`, 'editor', true, LINK],
  [`PUT ${OTHER}/links/a`, 'editor', false, LINK],
  [`PATCH ${OWN}/links/a`, 'editor', true, { note: 'n' }],
  [`PATCH ${OTHER}/links/a`, 'editor', false, { note: 'n' }],
  [`GET ${OWN}/links/a`, 'viewer', true],
  [`GET ${OTHER}/links/a`, 'viewer', false],
  [`GET ${OWN}/links/a/stats`, 'viewer', true],
  [`GET ${OTHER}/links/a/stats`, 'viewer', false],
  [`GET ${OWN}/export?format=csv`, 'viewer', true],
  [`GET ${OTHER}/export?format=csv`, 'viewer', false],
  [`POST ${OWN}/import?format=csv`, 'editor', true, 'slug,target\nb,https://x.example/\n'],
  [`POST ${OTHER}/import?format=csv`, 'editor', false, 'slug,target\nb,https://x.example/\n'],
  ['GET /v1/resolve?url=own.example/a', 'viewer', true],
  ['GET /v1/resolve?url=other.example/a', 'viewer', false],
  ['GET /v1/keys', 'admin', false],
  ['POST /v1/keys', 'admin', false, { name: 'n', role: 'viewer' }],
  [`DELETE ${OWN}/links/a`, 'editor', true],
  [`DELETE ${OTHER}/links/a`, 'editor', false],
];

const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });

async function filled(): Promise<TestApp> {
  const app = await createTestApp();
  for (const host of ['own.example', 'other.example', 'spare.example']) {
    await app.ask(`PUT /v1/domains/${host}`);
    if (host !== 'spare.example') await app.ask(`PUT /v1/domains/${host}/links/a`, LINK);
  }
  return app;
}

async function keyFor(app: TestApp, key: object): Promise<Record<string, string>> {
  return bearer((await app.ask('POST /v1/keys', { name: 'n', ...key })).body.key);
}

describe('access', () => {
  const rank = { viewer: 0, editor: 1, admin: 2 };

  for (const role of ['viewer', 'editor', 'admin'] as const) {
    it(`lets a ${role} do what the role allows, and names the role that is missing`, async () => {
      for (const [line, needed, , body] of REQUESTS) {
        const app = await filled();
        const { status, body: answer } = await app.ask(line, body, await keyFor(app, { role }));
        if (rank[role] >= rank[needed]) assert.ok(status < 300, `${line}: ${status} ${JSON.stringify(answer)}`);
        else
          assert.deepEqual(
            [status, answer.detail],
            [403, `This needs the role ${needed}; these credentials have ${role}`],
            line,
          );
      }
    });
  }

  it('keeps a key that is bound to a domain to that domain, even as an admin', async () => {
    for (const [line, , allowed, body] of REQUESTS) {
      const app = await filled();
      const { status, body: answer } = await app.ask(
        line,
        body,
        await keyFor(app, { role: 'admin', host: 'own.example' }),
      );
      if (allowed) assert.ok(status < 300, `${line}: ${status} ${JSON.stringify(answer)}`);
      else assert.deepEqual([status, answer.code], [403, 'forbidden'], line);
    }
  });

  it('tells a bound key nothing of other domains, not even whether they exist', async () => {
    const app = await filled();
    const headers = await keyFor(app, { role: 'admin', host: 'own.example' });
    assert.deepEqual(
      (await app.ask('GET /v1/domains', undefined, headers)).body.items.map(({ host }: { host: string }) => host),
      ['own.example'],
    );
    const answers = await Promise.all(
      ['other.example', 'nothing.example'].map((host) => app.ask(`GET /v1/domains/${host}`, undefined, headers)),
    );
    assert.equal(answers[0]?.body.detail, answers[1]?.body.detail);
  });

  it('lets a bound admin not make even its own domain', async () => {
    const app = await createTestApp();
    const headers = await keyFor(app, { role: 'admin', host: 'own.example' });
    assert.equal((await app.ask(`PUT ${OWN}`, {}, headers)).status, 403);
  });

  it('answers 401 with a challenge to anybody else, on every route', async () => {
    const app = await filled();
    for (const [line, , , body] of REQUESTS) {
      const { status, headers } = await app.ask(line, body, bearer('nobody'));
      assert.equal(status, 401, line);
      assert.match(headers.get('WWW-Authenticate') ?? '', /^Bearer /);
    }
  });

  it('answers 503 while the store is down, to a stored key and to the admin key', async () => {
    const driver = createMemoryDriver();
    let down = false;
    const { getMany, list, commit } = driver;
    const fail =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A) => {
        if (down) throw new AppError('unavailable', 'The store does not answer');
        return call(...args);
      };
    const store = withShorthands({
      ...driver,
      getMany: fail(getMany) as typeof getMany,
      list: fail(list) as typeof list,
      commit: fail(commit),
    });
    const app = await createTestApp({ store });
    await app.ask(`PUT ${OWN}`);
    const headers = await keyFor(app, { role: 'viewer' });
    down = true;
    for (const credentials of [{}, headers]) {
      const { status, body } = await app.ask(`GET ${OWN}/links`, undefined, credentials);
      assert.deepEqual([status, body.code], [503, 'unavailable']);
    }
    assert.equal((await app.ask(`PUT ${OWN}/links/a`, LINK, { 'Idempotency-Key': 'k' })).status, 503);
    down = false;
    assert.equal((await app.ask(`PUT ${OWN}/links/a`, LINK, { 'Idempotency-Key': 'k' })).status, 201);
  });
});

describe('API keys', () => {
  it('are shown once, listed without their secret, and taken back', async () => {
    const app = await createTestApp();
    const made = await app.ask('POST /v1/keys', { name: 'CI', role: 'editor', host: 'Own.Example.' });
    assert.equal(made.status, 201);
    const { key, ...shown } = made.body;
    assert.equal(shown.host, 'own.example');
    const listed = await app.ask('GET /v1/keys');
    assert.deepEqual(listed.body, { items: [shown] });
    assert.equal((await app.ask('GET /v1/domains', undefined, bearer(key))).status, 200);
    const location = (made.headers.get('Location') ?? '').slice('/links'.length);
    assert.equal((await app.ask(`DELETE ${location}`)).status, 204);
    assert.equal((await app.ask(`DELETE ${location}`)).status, 404);
    await app.clock.advance(5_000);
    assert.equal((await app.ask('GET /v1/domains', undefined, bearer(key))).status, 401);
  });

  it('are not kept in clear for a repetition', async () => {
    const { ask, store } = await createTestApp();
    const make = () => ask('POST /v1/keys', { name: 'n', role: 'viewer' }, { 'Idempotency-Key': 'k' });
    const [first, second] = [await make(), await make()];
    assert.equal(second.status, 201);
    assert.equal(second.headers.get('Idempotency-Replayed'), 'true');
    assert.equal(second.body.id, first.body.id);
    assert.equal(second.body.key, undefined);
    const secret = first.body.key.slice(-43);
    for (const collection of ['idempotency', 'api-keys'])
      assert.ok(!JSON.stringify((await store.list(collection, { limit: 10 })).docs).includes(secret));
  });
});

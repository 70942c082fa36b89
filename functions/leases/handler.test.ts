import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type * as z from 'zod';
import { AppError } from '#shared/errors.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import { leaseAnswer, leaseDetail } from './schema.ts';
import { createTestApp, type TestApp } from './testing.ts';

async function hold({ leases }: TestApp, name: string, note?: string) {
  const held = await leases.lease(name, note === undefined ? {} : { note }).tryAcquire();
  assert.ok(held, `${name} is free`);
  return held;
}

/** An answer has what its schema says, and nothing that the description does not tell of. */
function described(schema: z.ZodObject, body: unknown): void {
  assert.deepEqual(schema.strict().parse(body), body);
}

const BAD_NAMES = ['-a', 'a-', '.a', 'a%20b', 'a%2Fb', 'caf%C3%A9', 'a'.repeat(201)];

describe('GET /v1', () => {
  it('lists all leases in the order of their names, each with who leads and why', async () => {
    const app = await createTestApp();
    for (const name of ['relay', 'cron.hourly', 'migrations']) await hold(app, name, `the work of ${name}`);
    const { status, body } = await app.ask('GET /v1');
    assert.equal(status, 200);
    assert.deepEqual(
      body.items.map(({ name }: { name: string }) => name),
      ['cron.hourly', 'migrations', 'relay'],
    );
    for (const item of body.items) {
      described(leaseAnswer, item);
      assert.equal(item.note, `the work of ${item.name}`);
      assert.ok(item.holder && item.why);
    }
    assert.equal(body.nextCursor, undefined);
  });

  it('goes on page by page and takes no cursor that is not its own', async () => {
    const app = await createTestApp();
    for (let n = 10; n < 15; n++) await hold(app, `job-${n}`);
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await app.ask(`GET /v1?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.items.map(({ name }: { name: string }) => name));
      assert.ok(body.items.length <= 2);
      cursor = body.nextCursor ?? '';
    } while (cursor && seen.length < 10);
    assert.deepEqual(seen, ['job-10', 'job-11', 'job-12', 'job-13', 'job-14']);
    for (const query of ['cursor=%21', 'limit=0', 'limit=501', 'limit=x', 'page=2'])
      assert.equal((await app.ask(`GET /v1?${query}`)).status, 422, query);
  });

  it('answers an empty list where nobody has ever held anything', async () => {
    assert.deepEqual((await (await createTestApp()).ask('GET /v1')).body, { items: [] });
  });
});

describe('GET /v1/{name}', () => {
  it('tells who leads, since when, why, and what the contenders of this process have cost', async () => {
    const app = await createTestApp();
    const held = await hold(app, 'relay', 'publishing');
    assert.equal(await app.leases.lease('relay').tryAcquire(), undefined);
    await hold(app, 'other');
    const { status, body } = await app.ask('GET /v1/relay');
    assert.equal(status, 200);
    described(leaseDetail, body);
    assert.deepEqual(
      [body.name, body.term, body.token, body.note, body.renewals],
      ['relay', 1, held.token, 'publishing', 0],
    );
    assert.equal(body.since, '2026-01-01T00:00:00.000Z');
    assert.equal(body.here.length, 2, 'its own contenders alone');
    const leader = body.here.find((contender: { held: boolean }) => contender.held);
    assert.equal(leader.identity, body.holder);
    assert.deepEqual([leader.elections, leader.renewals, leader.losses], [1, 0, {}]);
    assert.ok(leader.writes >= 1 && leader.explain);
  });

  it('knows a lease that is free again', async () => {
    const app = await createTestApp();
    await (await hold(app, 'relay')).release();
    const { body } = await app.ask('GET /v1/relay');
    assert.equal(body.holder, undefined);
    assert.equal(body.term, 1);
  });

  it('answers 404 where nobody has ever held it, and 422 to what is no name', async () => {
    const app = await createTestApp();
    const { status, body } = await app.ask('GET /v1/relay');
    assert.deepEqual([status, body.code], [404, 'not_found']);
    for (const name of BAD_NAMES) {
      const refused = await app.ask(`GET /v1/${name}`);
      assert.deepEqual([refused.status, refused.body.errors?.[0].pointer], [422, '{name}'], name);
    }
    assert.equal((await app.ask('GET /v1/relay?verbose=1')).status, 422);
  });
});

describe('POST /v1/{name}/break', () => {
  const REASON = { reason: 'it hangs' };

  it('frees the lease, says who did and why, and fences its holder off at once', async () => {
    const app = await createTestApp();
    const held = await hold(app, 'relay');
    const { status, body } = await app.ask('POST /v1/relay/break', { reason: '  it hangs ' });
    assert.equal(status, 200);
    described(leaseAnswer, body);
    assert.equal(body.holder, undefined);
    assert.deepEqual(body.broken, { reason: 'it hangs', by: 'setting', at: '2026-01-01T00:00:00.000Z' });
    await assert.rejects(held.fenced([{ op: 'create', collection: 'works', id: 'late', value: {} }]), {
      code: 'lease_lost',
    });
    assert.equal(await app.store.get('works', 'late'), undefined);
    const next = await hold(app, 'relay');
    assert.ok(next.token > held.token);
    assert.equal((await app.ask('GET /v1/relay')).body.broken, undefined, 'the new term is nobody’s to excuse');
  });

  it('needs a reason of 1 to 200 characters in one line, and nothing beside it', async () => {
    const app = await createTestApp();
    await hold(app, 'relay');
    const BODIES: [unknown, string][] = [
      [{}, '/reason'],
      [{ reason: '' }, '/reason'],
      [{ reason: '   ' }, '/reason'],
      [{ reason: 'x'.repeat(201) }, '/reason'],
      [{ reason: 'two\nlines' }, '/reason'],
      [{ reason: 7 }, '/reason'],
      [{ reason: 'it hangs', force: true }, '/force'],
      [[], ''],
    ];
    for (const [body, pointer] of BODIES) {
      const refused = await app.ask('POST /v1/relay/break', body);
      assert.deepEqual([refused.status, refused.body.errors?.[0].pointer], [422, pointer], JSON.stringify(body));
    }
    assert.ok((await app.ask('GET /v1/relay')).body.holder, 'none of these broke it');
    assert.equal((await app.ask('POST /v1/relay/break', { reason: 'x'.repeat(200) })).status, 200);
  });

  it('answers 404 where nobody has ever held it', async () => {
    const app = await createTestApp();
    const { status, body } = await app.ask('POST /v1/relay/break', REASON);
    assert.deepEqual([status, body.code], [404, 'not_found']);
  });

  it('repeated under one idempotency key leaves the next holder alone', async () => {
    const app = await createTestApp();
    const key = { 'Idempotency-Key': 'break-1' };
    await hold(app, 'relay');
    const first = await app.ask('POST /v1/relay/break', REASON, key);
    const next = await hold(app, 'relay');
    const again = await app.ask('POST /v1/relay/break', REASON, key);
    assert.deepEqual([again.status, again.body], [200, first.body]);
    assert.equal(again.headers.get('Idempotency-Replayed'), 'true');
    next.assert();
    assert.equal((await app.ask('GET /v1/relay')).body.token, next.token);
    const other = await app.ask('POST /v1/relay/break', { reason: 'another' }, key);
    assert.deepEqual([other.status, other.body.code], [422, 'idempotency_key_reused']);
  });
});

describe('GET /v1/{name}/history', () => {
  it('tells the terms, the newest first, as many as asked for', async () => {
    const app = await createTestApp();
    for (const note of ['one', 'two', 'three']) await (await hold(app, 'relay', note)).release();
    const { status, body } = await app.ask('GET /v1/relay/history?limit=2');
    assert.equal(status, 200);
    assert.deepEqual(
      body.items.map(({ term, note }: { term: number; note: string }) => [term, note]),
      [
        [3, 'three'],
        [2, 'two'],
      ],
    );
    assert.ok(body.items[0].token > body.items[1].token);
    assert.equal(body.items[0].end, 'released');
    assert.equal((await app.ask('GET /v1/relay/history?limit=0')).status, 422);
  });

  it('answers 404 where nobody has ever held it', async () => {
    assert.equal((await (await createTestApp()).ask('GET /v1/relay/history')).status, 404);
  });
});

describe('access', () => {
  const READS = ['GET /v1', 'GET /v1/relay', 'GET /v1/relay/history'];

  it('lets viewers read and admins alone break', async () => {
    for (const role of ['viewer', 'editor', 'admin'] as const) {
      const app = await createTestApp();
      await hold(app, 'relay');
      const key = await app.keyFor(role);
      for (const line of READS) assert.equal((await app.ask(line, undefined, key)).status, 200, `${role}: ${line}`);
      const { status } = await app.ask('POST /v1/relay/break', { reason: 'it hangs' }, key);
      assert.equal(status, role === 'admin' ? 200 : 403, role);
    }
  });

  it('refuses callers without a key, and keys that are bound to a domain', async () => {
    const app = await createTestApp();
    await hold(app, 'relay');
    const bound = await app.keyFor('admin', 'go.example');
    for (const line of [...READS, 'POST /v1/relay/break']) {
      const body = line.startsWith('POST') ? { reason: 'it hangs' } : undefined;
      assert.equal((await app.ask(line, body, { Authorization: '' })).status, 401, line);
      assert.equal((await app.ask(line, body, bound)).status, 403, line);
    }
    assert.ok((await app.ask('GET /v1/relay')).body.holder);
  });
});

it('answers 503 where the record cannot be read', async () => {
  const driver = createMemoryDriver();
  let down = false;
  const failing = () => Promise.reject(new AppError('unavailable', 'the store does not answer'));
  const store = withShorthands({
    ...driver,
    getMany: (...args) => (down ? failing() : driver.getMany(...args)),
    list: (...args) => (down ? failing() : driver.list(...args)),
    commit: (...args) => (down ? failing() : driver.commit(...args)),
  });
  const app = await createTestApp({ store });
  await hold(app, 'relay');
  down = true;
  for (const line of ['GET /v1', 'GET /v1/relay', 'GET /v1/relay/history', 'POST /v1/relay/break']) {
    const reply = await app.ask(line, line.startsWith('POST') ? { reason: 'it hangs' } : undefined);
    assert.deepEqual([reply.status, reply.body.code], [503, 'unavailable'], line);
  }
});

describe('what anyone may read', () => {
  it('is a page at the root that leads to the description, wherever it is served', async () => {
    for (const prefix of ['/leases', '']) {
      const app = await createTestApp({ prefix });
      const { status, body } = await app.ask('GET /', undefined, { Authorization: '' });
      assert.equal(status, 200);
      assert.ok(body.includes(`href="${prefix}/openapi.json"`));
    }
  });

  it('is the description of every route', async () => {
    const { status, body } = await (await createTestApp()).ask('GET /openapi.json', undefined, { Authorization: '' });
    assert.equal(status, 200);
    const lines = Object.entries(body.paths as Record<string, object>).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(lines.sort(), ['GET /v1', 'GET /v1/{name}', 'GET /v1/{name}/history', 'POST /v1/{name}/break']);
    assert.deepEqual(body.paths['/v1/{name}/break'].post.requestBody.required, true);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../config.ts';
import { AppError, isAppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { API_KEYS, createKey } from './api-keys.ts';
import { createAuthenticate, ensureFirstAdminKey } from './auth.ts';

function setUp(env: Record<string, string> = {}) {
  const store = withShorthands(createMemoryDriver());
  const clock = createFakeClock();
  const runtime = { config: loadConfig(env), store, clock, ids: systemIds };
  let reads = 0;
  const get = <T>(collection: string, id: string) => {
    reads++;
    return store.get<T>(collection, id);
  };
  const authenticate = createAuthenticate({ ...runtime, store: { ...store, get } });
  return { ...runtime, runtime, authenticate, reads: () => reads };
}

const refused = (code: 'unauthenticated' | 'unavailable') => (error: unknown) => isAppError(error, code);

describe('credentials', () => {
  it('are the key of the settings, as an admin', async () => {
    const { authenticate } = setUp({ HAWKER_ADMIN_KEY: 'a-long-enough-secret' });
    assert.deepEqual(await authenticate('Bearer a-long-enough-secret'), { id: 'setting', role: 'admin' });
    await assert.rejects(authenticate('Bearer a-long-enough-secreT'), refused('unauthenticated'));
  });

  it('are a stored key, with its role and domain', async () => {
    const { authenticate, runtime } = setUp();
    const { id, text } = await createKey(runtime, { name: 'n', role: 'editor', host: 'go.example.com' });
    assert.deepEqual(await authenticate(`bearer ${text}`), { id: `key:${id}`, role: 'editor', host: 'go.example.com' });
  });

  it('are refused with a challenge where they are absent, malformed, unknown or wrong', async () => {
    const { authenticate, runtime } = setUp();
    const { id } = await createKey(runtime, { name: 'n', role: 'editor' });
    const wrong = `hwk_${id}_${'A'.repeat(43)}`;
    const unknown = `hwk_${'a'.repeat(12)}_${'A'.repeat(43)}`;
    for (const header of [
      undefined,
      '',
      'Basic abc',
      'Bearer',
      'Bearer a b',
      'Bearer x',
      `Bearer ${wrong}`,
      `Bearer ${unknown}`,
      'Bearer a.b.c',
    ])
      await assert.rejects(authenticate(header), (error) => {
        assert.ok(isAppError(error, 'unauthenticated'), String(header));
        assert.match((error as AppError).headers['WWW-Authenticate'] ?? '', /^Bearer realm="hawker"/);
        return true;
      });
  });

  it('keep only a hash in the store', async () => {
    const { store, runtime } = setUp();
    const { id, text } = await createKey(runtime, { name: 'n', role: 'viewer' });
    const stored = JSON.stringify(await store.get(API_KEYS, id));
    assert.ok(!stored.includes(text.slice(-43)));
  });

  it('are looked up once in five seconds, also where there is no such key', async () => {
    const { authenticate, runtime, clock, reads } = setUp();
    const { text } = await createKey(runtime, { name: 'n', role: 'viewer' });
    const unknown = `Bearer hwk_${'a'.repeat(12)}_${'A'.repeat(43)}`;
    for (let times = 0; times < 3; times++) {
      await authenticate(`Bearer ${text}`);
      await assert.rejects(authenticate(unknown));
    }
    assert.equal(reads(), 2);
    await clock.advance(5_000);
    await authenticate(`Bearer ${text}`);
    assert.equal(reads(), 3);
  });

  it('stop working within five seconds of their removal', async () => {
    const { authenticate, runtime, clock, store } = setUp();
    const { id, text } = await createKey(runtime, { name: 'n', role: 'viewer' });
    await authenticate(`Bearer ${text}`);
    await store.delete(API_KEYS, id, (await store.get(API_KEYS, id))?.version ?? '');
    await clock.advance(5_000);
    await assert.rejects(authenticate(`Bearer ${text}`), refused('unauthenticated'));
  });

  it('cannot be judged while the store is down, which is not their fault and is not remembered', async () => {
    const { runtime, store } = setUp();
    const { text } = await createKey(runtime, { name: 'n', role: 'viewer' });
    let down = true;
    const get = async <T>(collection: string, id: string) => {
      if (down) throw new AppError('unavailable', 'down');
      return store.get<T>(collection, id);
    };
    const authenticate = createAuthenticate({ ...runtime, store: { ...store, get } });
    await assert.rejects(authenticate(`Bearer ${text}`), refused('unavailable'));
    down = false;
    assert.equal((await authenticate(`Bearer ${text}`)).role, 'viewer');
  });
});

describe('the first admin key', () => {
  it('is made once, by one of many that start together, and works', async () => {
    const { runtime, authenticate } = setUp();
    const made = await Promise.all(Array.from({ length: 10 }, () => ensureFirstAdminKey(runtime)));
    const texts = made.filter((text) => text !== undefined);
    assert.equal(texts.length, 1);
    assert.equal((await authenticate(`Bearer ${texts[0]}`)).role, 'admin');
    assert.equal(await ensureFirstAdminKey(runtime), undefined);
  });

  it('is not made where one is set, or another admin key is stored', async () => {
    assert.equal(await ensureFirstAdminKey(setUp({ HAWKER_ADMIN_KEY: 'a-long-enough-secret' }).runtime), undefined);
    const { runtime } = setUp();
    await createKey(runtime, { name: 'n', role: 'admin' });
    assert.equal(await ensureFirstAdminKey(runtime), undefined);
  });

  it('is made where the only admin key is bound to a domain', async () => {
    const { runtime } = setUp();
    await createKey(runtime, { name: 'n', role: 'admin', host: 'go.example.com' });
    assert.notEqual(await ensureFirstAdminKey(runtime), undefined);
  });
});

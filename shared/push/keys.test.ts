import assert from 'node:assert/strict';
import { createECDH } from 'node:crypto';
import { describe, it } from 'node:test';
import { AppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createPushKeys } from './keys.ts';

const clock = createFakeClock();
const newStore = () => withShorthands(createMemoryDriver());
const keysOver = (store: Store) => createPushKeys({ store, ids: systemIds, clock });

describe('the push keys', () => {
  it('are a pair of P-256 that is made once and then stays', async () => {
    const store = newStore();
    const made = await keysOver(store)();
    assert.match(made.publicKey, /^B[\w-]{86}$/);
    const pair = createECDH('prime256v1');
    pair.setPrivateKey(made.privateKey, 'base64url');
    assert.equal(pair.getPublicKey('base64url'), made.publicKey);
    assert.deepEqual(await keysOver(store)(), made);
    assert.notEqual((await keysOver(newStore())()).publicKey, made.publicKey);
  });

  it('are the same for processes that make them at once', async () => {
    const store = newStore();
    const made = await Promise.all(Array.from({ length: 20 }, () => keysOver(store)()));
    assert.equal(new Set(made.map(({ privateKey }) => privateKey)).size, 1);
    assert.equal((await store.list('push-keys', { limit: 10 })).docs.length, 1);
  });

  it('are read once by a process that has them', async () => {
    const store = newStore();
    let reads = 0;
    const counting = (...args: Parameters<Store['get']>) => {
      reads++;
      return store.get(...args);
    };
    const keys = keysOver({ ...store, get: counting } as Store);
    await keys();
    const first = reads;
    await keys();
    assert.equal(reads, first);
  });

  it('are asked for again after the store has failed', async () => {
    const store = newStore();
    let down = true;
    const keys = keysOver({
      ...store,
      get: (...args) => (down ? Promise.reject(new AppError('unavailable', 'down')) : store.get(...args)),
    } as Store);
    await assert.rejects(keys(), { code: 'unavailable' });
    down = false;
    assert.ok((await keys()).publicKey);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '#shared/errors.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import { openChangeSet } from './change-set.ts';

const conflict = (error: unknown) => isAppError(error, 'conflict');

async function setUp() {
  const store = withShorthands(createMemoryDriver());
  const hosts = await store.create('hosts', 'all', { nonce: 'n' });
  const state = await store.create('domain-state', 'a.example', { links: 0, prefixDepths: {}, nonce: 'n' });
  return { store, hosts, state, set: await openChangeSet(store) };
}

describe('a change set', () => {
  it('shows documents as they will be, and writes them once', async () => {
    const { store, set } = await setUp();
    await set.set('links', 'a', { n: 1 });
    await set.set('links', 'a', { n: 2 });
    assert.deepEqual((await set.view.get('links', 'a'))?.value, { n: 2 });
    assert.equal(await store.get('links', 'a'), undefined);
    const versionOf = await set.commit();
    const stored = await store.get('links', 'a');
    assert.deepEqual([stored?.value, stored?.version], [{ n: 2 }, versionOf('links', 'a')]);
  });

  it('writes nothing for what comes out as it was', async () => {
    const { store, set } = await setUp();
    await set.set('domain-state', 'a.example', { nonce: 'n', prefixDepths: {}, links: 0 });
    await set.set('links', 'a', { n: 1 });
    await set.remove('links', 'a');
    const before = await store.get('domain-state', 'a.example');
    await set.commit();
    assert.deepEqual(await store.get('domain-state', 'a.example'), before);
  });

  it('conflicts where a document was written since it was read', async () => {
    const { store, set } = await setUp();
    await set.set('links', 'a', { n: 1 });
    await store.create('links', 'a', { n: 0 });
    await assert.rejects(set.commit(), conflict);
  });

  it('conflicts where a domain that was looked at has another revision', async () => {
    const { store, set, state } = await setUp();
    set.expect(new Map([['a.example', state]]));
    await set.set('links', 'a', { n: 1 });
    await store.replace('domain-state', 'a.example', { links: 1, prefixDepths: {}, nonce: 'm' }, state);
    await assert.rejects(set.commit(), conflict);
  });

  it('conflicts where a domain may have been added that was not there', async () => {
    const { store, set, hosts } = await setUp();
    set.expect(new Map([['b.example', undefined]]));
    await set.set('links', 'a', { n: 1 });
    await store.replace('hosts', 'all', { nonce: 'm' }, hosts);
    await assert.rejects(set.commit(), conflict);
  });

  it('checks no more than a commit takes', async () => {
    const { store, set } = await setUp();
    const states = new Map<string, string>();
    for (let n = 0; n < 600; n++)
      states.set(`h${n}.example`, await store.create('domain-state', `h${n}.example`, { nonce: 'n' }));
    set.expect(states);
    await set.set('links', 'a', { n: 1 });
    await set.commit();
    assert.ok(set.isFull());
  });
});

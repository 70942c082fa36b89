import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createRecentlyUsed } from './recently-used.ts';

describe('a cache of what was used last', () => {
  it('forgets what was used least recently, by being put or read, and nothing before it is full', () => {
    const cache = createRecentlyUsed<number>(2);
    cache.set('a', 1).set('b', 2);
    cache.get('a');
    cache.set('c', 3);
    assert.deepEqual([cache.get('a'), cache.get('b'), cache.get('c')], [1, undefined, 3]);
    cache.set('a', 4).set('d', 5);
    assert.deepEqual([cache.get('a'), cache.get('c'), cache.get('d')], [4, undefined, 5]);
  });

  it('holds what a Map would that drops its oldest entry, whatever is done to it', () => {
    const step = fc.tuple(fc.constantFrom('get', 'has', 'set', 'delete'), fc.constantFrom(...'abcdef'));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 60 }), (most, steps) => {
        const cache = createRecentlyUsed<number>(most);
        const model = new Map<string, number>();
        for (const [at, [action, key]] of steps.entries()) {
          const known = model.get(key);
          if (action === 'get') assert.equal(cache.get(key), known);
          if (action === 'has') assert.equal(cache.has(key), known !== undefined);
          if (action === 'set') cache.set(key, at);
          if (action === 'delete') cache.delete(key);
          if (action !== 'has') model.delete(key);
          if (action === 'set') model.set(key, at);
          if (action === 'get' && known !== undefined) model.set(key, known);
          for (const oldest of model.keys()) if (model.size > most) model.delete(oldest);
          assert.deepEqual([...cache.entries()].reverse(), [...model]);
        }
      }),
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Lock, lockedFolders } from './locked-modules.ts';

const LOCK: Lock = {
  packages: {
    '': { dependencies: { a: '1' } },
    'node_modules/a': { dependencies: { b: '1' }, optionalDependencies: { 'b-win32': '1', 'b-linux': '1' } },
    'node_modules/a/node_modules/b': { dependencies: { c: '1' }, peerDependencies: { a: '1' } },
    'node_modules/b': {},
    'node_modules/b-linux': {},
    'node_modules/c': { peerDependencies: { d: '1' }, peerDependenciesMeta: { d: { optional: true } } },
    'node_modules/d': {},
    'node_modules/only-dev': { dev: true },
    'node_modules/uses-dev': { dependencies: { 'only-dev': '1' } },
    'node_modules/lacks': { dependencies: { gone: '1' } },
  },
};

describe('the folders that packages need', () => {
  it('are those of Node, from inside out, with what is optional where the lock has it, but for peers, each once', () => {
    assert.deepEqual(lockedFolders(LOCK, ['a']), [
      'node_modules/a',
      'node_modules/a/node_modules/b',
      'node_modules/b-linux',
      'node_modules/c',
    ]);
    assert.deepEqual(lockedFolders(LOCK, []), []);
  });

  it('are refused where the lock lacks one, or has it for development alone', () => {
    assert.throws(() => lockedFolders(LOCK, ['nothing']), /no nothing, which the bundles need/);
    assert.throws(() => lockedFolders(LOCK, ['lacks']), /no gone, which node_modules\/lacks need/);
    assert.throws(() => lockedFolders(LOCK, ['uses-dev']), /only-dev is locked for development alone/);
  });

  it('hold everything that one of them depends on, whatever the graph, and nothing else', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const graph = fc.dictionary(fc.constantFrom(...names), fc.subarray(names), { minKeys: 1 });
    fc.assert(
      fc.property(graph, fc.subarray(names), (edges, wanted) => {
        const of = (name: string) => edges[name] ?? [];
        const packages = Object.fromEntries(
          names.map((name) => [
            `node_modules/${name}`,
            { dependencies: Object.fromEntries(of(name).map((to) => [to, '1'])) },
          ]),
        );
        const expected = new Set(wanted);
        for (const name of expected) for (const to of of(name)) expected.add(to);
        assert.deepEqual(
          lockedFolders({ packages }, wanted),
          [...expected].map((name) => `node_modules/${name}`).sort(),
        );
      }),
    );
  });
});

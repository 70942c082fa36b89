import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import fc from 'fast-check';
import { MANIFEST } from '#functions/manifest.ts';
import { bundleHash, hashOf, suffixOf } from './bundle-hash.ts';
import { hashesIn } from './changed.ts';

it("a bundle's hash changes with its code, with what all share and with migrations that it reads, and not with maps or where it lies", () => {
  const root = mkdtempSync(join(tmpdir(), 'hawker-hash-'));
  try {
    const make = (name: string, files: Record<string, string>) => {
      const folder = join(root, name);
      mkdirSync(join(folder, 'chunks'), { recursive: true });
      for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
      return folder;
    };
    const [one, two] = [join(root, 'one'), join(root, 'two')];
    writeFileSync(one, 'FROM a');
    writeFileSync(two, 'FROM b');
    const files = { 'index.js': 'x', 'chunks/a.js': 'y', 'package.json': '{}' };
    const hash = bundleHash(make('first', { ...files, 'index.js.map': '1' }), [one]);
    assert.equal(bundleHash(make('second', { ...files, 'index.js.map': '2' }), [one]), hash);
    assert.notEqual(bundleHash(make('third', { ...files, 'chunks/a.js': 'z' }), [one]), hash);
    assert.notEqual(bundleHash(make('fourth', { ...files, 'chunks/b.js': '' }), [one]), hash);
    assert.notEqual(bundleHash(make('fifth', { ...files, 'index.js': 'xy', 'chunks/a.js': '' }), [one]), hash);
    assert.notEqual(bundleHash(join(root, 'first'), [two]), hash);
    const hashes = (data: string) => hashesIn(() => join(root, 'first'), MANIFEST, [one], data);
    const without = hashes(join(root, 'no-such-folder'));
    assert.deepEqual([...new Set(Object.values(without))], [hash]);
    const all = ['sixth', 'seventh', 'eighth'].map((name, at) =>
      hashes(make(name, { [at < 2 ? 'chunks/001.sql' : 'chunks/002.sql']: at === 0 ? 'a' : 'b' })),
    );
    for (const [at, found] of all.entries()) {
      const others = Object.keys(found).filter((name) => found[name] !== (all[at - 1] ?? without)[name]);
      assert.deepEqual(others, ['migrations', 'migration-runs', 'migration-schedule'], 'migrations are in the image');
    }
  } finally {
    rmSync(root, { recursive: true });
  }
});

it("a revision's name tells the code, whatever the build is called, and is one that Cloud Run takes", () => {
  const hash = fc.stringMatching(/^[0-9a-f]{12}$/);
  fc.assert(
    fc.property(fc.constantFrom(...MANIFEST), hash, fc.uuid(), ({ name }, code, build) => {
      const revision = `${name}-${suffixOf(code, build)}`;
      assert.equal(hashOf(revision), code);
      assert.match(revision, /^[a-z][a-z0-9-]{0,61}[a-z0-9]$/);
    }),
  );
  for (const other of ['bus-00007-xyz', 'bus-c0123456789ab', 'bus', '']) assert.equal(hashOf(other), undefined);
});

/**
 * What a function loads before its first request: the bytes of its bundle without the chunks that come later by `await import()`.
 * Bytes stand for the start here, since time would depend on the machine; `npm run bench` measures the time.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Metafile } from 'esbuild';
import { MANIFEST } from '#functions/manifest.ts';
import { bundle, functionSource } from '../scripts/build/bundle.ts';

/** KiB as built, with the embedded store and queue, of which each function needs some 17 to log, measure and be traced. Raise one only with a reason in the commit. */
const BUDGETS: Record<string, number> = {
  redirects: 140,
  links: 455,
  clicks: 280,
  bus: 345,
  'bus-sync': 130,
  'bus-alerts': 145,
  'bus-push': 245,
  'outbox-relay': 120,
  leases: 300,
  slides: 375,
  'slides-images': 155,
  'slides-jobs': 290,
  'slides-sweep': 115,
  migrations: 340,
  'migration-runs': 280,
  'migration-schedule': 155,
};

/** The entry, what it needs, and what esbuild itself puts beside. */
const FILES = 3;

/** The outputs that are loaded with the entry. */
function eager({ outputs }: Metafile): Metafile['outputs'][string][] {
  const entry = Object.keys(outputs).find((file) => outputs[file]?.entryPoint?.endsWith('.entry.ts'));
  const seen = new Set<string>();
  const visit = (file: string | undefined) => {
    if (file === undefined || seen.has(file) || !(file in outputs)) return;
    seen.add(file);
    for (const { path, kind } of outputs[file]?.imports ?? []) if (kind === 'import-statement') visit(path);
  };
  visit(entry);
  return [...seen].flatMap((file) => outputs[file] ?? []);
}

describe('what is loaded before the first request', () => {
  for (const row of MANIFEST) {
    const { name } = row;
    it(`by ${name} stays within its budget, in as few files as can be, and holds no SDK`, async () => {
      const { metafile } = await bundle(functionSource(row), 'out');
      const loaded = eager(metafile);
      assert.ok(loaded.length <= FILES, `${loaded.length} files`);
      const kib = loaded.reduce((sum, { bytes }) => sum + bytes, 0) / 1024;
      assert.ok(kib > 1, 'the entry was found');
      const budget = BUDGETS[name];
      assert.ok(budget !== undefined, `give ${name} a budget`);
      assert.ok(kib <= budget, `${kib.toFixed(0)} KiB of ${budget}`);
      const sdks = loaded
        .flatMap(({ inputs }) => Object.keys(inputs))
        .filter((input) =>
          /\/(?:@google-cloud|googleapis|google-auth-library|gaxios|@opentelemetry|@pyroscope|protobufjs)\//.test(
            input,
          ),
        );
      assert.deepEqual(sdks, []);
    });
  }
});

/**
 * What a function loads before its first request: the bytes of its bundle without the chunks that come later by `await import()`.
 * Bytes stand for the start here, since time would depend on the machine; `npm run bench` measures the time.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { build, type Metafile } from 'esbuild';
import { MANIFEST } from '#functions/manifest.ts';
import { ROOT } from './sources.ts';

/** KiB, minified, of which each function needs some 17 to log, measure and be traced. Raise one only with a reason in the commit. */
const BUDGETS: Record<string, number> = {
  redirects: 100,
  links: 400,
  clicks: 220,
  bus: 300,
  'bus-sync': 60,
  'bus-alerts': 70,
  'bus-push': 220,
  'outbox-relay': 40,
  leases: 210,
  slides: 320,
  'slides-images': 75,
  'slides-jobs': 220,
  'slides-sweep': 40,
  migrations: 250,
  'migration-runs': 190,
  'migration-schedule': 75,
};

async function bundle(name: string): Promise<Metafile> {
  const { metafile } = await build({
    stdin: {
      contents: `import './functions/${name}/index.ts'; import './shared/serve/function-server.ts';`,
      resolveDir: ROOT,
      sourcefile: 'entry.ts',
    },
    outdir: 'out',
    bundle: true,
    splitting: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    external: [
      ...['@google-cloud/functions-framework', 'sharp', 'pg-native', 'libpg-query', '@electric-sql/pglite'],
      '@pyroscope/nodejs',
    ],
    metafile: true,
    write: false,
    absWorkingDir: ROOT,
  });
  return metafile;
}

/** The outputs that are loaded with the entry. */
function eager({ outputs }: Metafile): Metafile['outputs'][string][] {
  const entry = Object.keys(outputs).find((file) => outputs[file]?.entryPoint === 'entry.ts');
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
  for (const { name } of MANIFEST)
    it(`by ${name} stays within its budget and holds no SDK`, async () => {
      const loaded = eager(await bundle(name));
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
});

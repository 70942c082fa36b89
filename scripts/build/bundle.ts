/** One bundle, as `npm run build` writes it and its budget measures it: ES modules for Node, with what `await import()` loads in chunks of its own. */
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { MANIFEST } from '#functions/manifest.ts';
import { type FunctionRow, subscriptionsOf } from '#shared/define.ts';
import { builtinModules, noHttp2 } from './builtin-modules.ts';
import { COMMON_JS_NAMES, withoutIdleNames } from './common-js-names.ts';
import { CORE, oneCore } from './one-core.ts';
import { readWhenBuilt } from './read-when-built.ts';
import { semanticConventions } from './semantic-conventions.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** Packages a bundle must not contain: the framework that loads it, and what has native code or files of its own. */
const EXTERNAL = [
  ...['@google-cloud/functions-framework', 'sharp', 'pg-native', 'libpg-query', '@electric-sql/pglite'],
  '@pyroscope/nodejs',
];

/** TypeScript, whose imports are those of a file in the project's root. */
export interface BundleSource {
  name: string;
  /** Runs when the bundle is started. */
  entry: string;
  /** What the entry imports as `hawker:core`: all that is needed before the first request. */
  core?: string;
}

export interface Bundle {
  /** By absolute path: the code, and its source maps. */
  files: { path: string; text: string }[];
  metafile: Metafile;
}

/**
 * Part of the core, though the sources import it later: what every function loads at its start where the settings name no other store and queue, what those load that
 * answer by a Request, and what is too small for files of its own.
 */
const ALWAYS = ['store/sqlite.ts', 'queue/embedded.ts', 'queue/settled-within.ts', 'telemetry/resource.ts'];
const ANSWERING = ['serve/fetch-listener.ts', 'serve/with-health.ts'];

export function functionSource(row: FunctionRow): BundleSource {
  const { name, serve } = row;
  const loaded = [...ALWAYS, ...(serve === 'app' ? ANSWERING : [])];
  return {
    name,
    core: `
import create from './functions/${name}/index.ts';
import { serveFunction } from './shared/serve/function-server.ts';
${loaded.map((file) => `import './shared/${file}';`).join('\n')}
export const { handler, main } = serveFunction(${JSON.stringify(row)}, ${JSON.stringify(subscriptionsOf(MANIFEST))}, create);
`,
    entry: `
import { handler, main } from '${CORE}';
export { handler as ${JSON.stringify(name)} };
if (import.meta.main) await main();
`,
  };
}

/** In memory, as it is to lie in `folder`. */
export async function bundle({ name, entry, core }: BundleSource, folder: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: entry, resolveDir: ROOT, sourcefile: `${name}.entry.ts`, loader: 'ts' },
    absWorkingDir: ROOT,
    outdir: folder,
    entryNames: 'index',
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    splitting: true,
    minify: true,
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    external: EXTERNAL,
    banner: { js: COMMON_JS_NAMES },
    plugins: [
      readWhenBuilt,
      semanticConventions,
      builtinModules,
      noHttp2,
      ...(core === undefined ? [] : [oneCore(ROOT, core)]),
    ],
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  const files = outputFiles.map(({ path, text }) => ({
    path,
    text: path.endsWith('.js') ? withoutIdleNames(text) : text,
  }));
  return { files, metafile };
}

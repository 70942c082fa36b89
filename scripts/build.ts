/**
 * `npm run build [-- --out folder] [--only name] [--modules]`: one folder per function under dist/, bundled, with SDKs in chunks of their own that load when
 * first used. `node dist/<name>/index.js` serves it; functions-framework takes the folder as --source and the name as --target.
 * Beside them `dist/start` is what `npm start` runs, and `dist/migrate` what `npm run migrate` runs. With --modules what the bundles leave outside is put beside
 * the out folder, in node_modules: then both need nothing but Node.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type BuildResult, build, type Plugin, transform } from 'esbuild';
import { readAssetTexts } from '#functions/bus/page/asset-texts.ts';
import { MANIFEST } from '#functions/manifest.ts';
import { type FunctionRow, subscriptionsOf } from '#shared/define.ts';
import { copyLocked } from './build/locked-modules.ts';
import { readScriptTexts } from './local/console/script-texts.ts';

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'dist') },
    only: { type: 'string' },
    modules: { type: 'boolean', default: false },
  },
});
const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  dependencies: Record<string, string>;
};

/** Packages a bundle must not contain: the framework that loads it, and what has native code or files of its own. */
const EXTERNAL = [
  ...['@google-cloud/functions-framework', 'sharp', 'pg-native', 'libpg-query', '@electric-sql/pglite'],
  '@pyroscope/nodejs',
];

/** CommonJS packages inside an ES module bundle still call these. */
const BANNER = `import { createRequire as hawkerRequire } from 'node:module';
import { fileURLToPath as hawkerPath } from 'node:url';
const require = hawkerRequire(import.meta.url), __filename = hawkerPath(import.meta.url), __dirname = hawkerPath(new URL('.', import.meta.url));`;

/** Modules that read the texts of browsers' scripts from files, made smaller and put into the bundle, which is alone where it runs. */
const assetTexts: Plugin = {
  name: 'asset-texts',
  setup({ onLoad }) {
    for (const [filter, name, read] of [
      [/[\\/]bus[\\/]page[\\/]asset-texts\.ts$/, 'readAssetTexts', readAssetTexts],
      [/[\\/]local[\\/]console[\\/]script-texts\.ts$/, 'readScriptTexts', readScriptTexts],
    ] as const)
      onLoad({ filter }, async () => {
        const texts = await Promise.all(
          Object.entries(read()).map(async ([file, text]) => {
            const { code } = await transform(text, { minify: true, target: 'es2022' });
            return [file, code];
          }),
        );
        const contents = `export const ${name} = () => (${JSON.stringify(Object.fromEntries(texts))});`;
        return { contents, loader: 'js' };
      });
  },
};

const entryOf = (row: FunctionRow) => `
import create from './functions/${row.name}/index.ts';
import { serveFunction } from './shared/serve/function-server.ts';
const served = serveFunction(${JSON.stringify(row)}, ${JSON.stringify(subscriptionsOf(MANIFEST))}, create);
const { handler } = served;
export { handler as ${JSON.stringify(row.name)} };
if (import.meta.main) await served.main();
`;

/** Programs that are no functions, and run from an image all the same. */
const PROGRAMS: Record<string, string> = {
  start: 'Every function in one process: npm start',
  migrate: 'Migrates databases: npm run migrate',
};

/** What to build into the folder `name`: a function, or one of the programs. */
interface Bundle {
  name: string;
  summary: string;
  contents: string;
  /** Started by functions-framework where the platform has the folder alone. */
  framework: boolean;
}

const functionBundle = (row: FunctionRow): Bundle => ({
  name: row.name,
  summary: row.summary,
  contents: entryOf(row),
  framework: row.serve === 'app',
});

/** What all bundles leave outside. */
const outside = new Set<string>();

async function buildOne(bundle: Bundle): Promise<void> {
  const folder = join(resolve(values.out), bundle.name);
  rmSync(folder, { recursive: true, force: true });
  const result = await build({
    stdin: { contents: bundle.contents, resolveDir: root, sourcefile: `${bundle.name}.entry.ts`, loader: 'ts' },
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
    banner: { js: BANNER },
    plugins: [assetTexts],
    metafile: true,
    logLevel: 'warning',
  });
  const needed = neededBy(result);
  for (const name of needed) outside.add(name);
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(packageOf(bundle, needed), null, 2)}\n`);
  const bytes = Object.entries(result.metafile.outputs).filter(([file]) => file.endsWith('.js'));
  const total = bytes.reduce((sum, [, output]) => sum + output.bytes, 0);
  process.stdout.write(`dist/${bundle.name}: ${bytes.length} files, ${Math.round(total / 1024)} KiB\n`);
}

/** The packages that the bundle left outside and that its code may load. */
function neededBy(result: BuildResult<{ metafile: true }>): string[] {
  const paths = Object.values(result.metafile.outputs).flatMap(({ imports }) =>
    imports.filter(({ external, path }) => external && !path.startsWith('node:')).map(({ path }) => path),
  );
  return Object.keys(own.dependencies).filter((name) =>
    paths.some((path) => path === name || path.startsWith(`${name}/`)),
  );
}

/** Exactly what the folder needs beside Node: what the bundle left outside, and the framework where the platform starts the folder with it. */
function packageOf(bundle: Bundle, needed: readonly string[]): object {
  const names = new Set(needed);
  if (bundle.framework) names.add('@google-cloud/functions-framework');
  return {
    name: `hawker-${bundle.name}`,
    version: own.version,
    private: true,
    description: bundle.summary,
    type: 'module',
    main: 'index.js',
    scripts: { start: 'node index.js' },
    engines: { node: '>=24' },
    dependencies: Object.fromEntries([...names].sort().map((name) => [name, own.dependencies[name]])),
  };
}

const bundles = [
  ...MANIFEST.map(functionBundle),
  ...Object.entries(PROGRAMS).map(([name, summary]) => ({
    ...{ name, summary, framework: false },
    contents: `import './scripts/${name}.ts';`,
  })),
];
const chosen = bundles.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0) {
  process.stderr.write(
    `build: there is no function ${values.only}; there are ${bundles.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(1);
}
for (const bundle of chosen) await buildOne(bundle);
if (values.modules) {
  const beside = join(resolve(values.out), '..');
  if (beside === root) throw new Error('--modules needs --out: node_modules of the project itself must stay');
  const folders = copyLocked(root, [...outside], beside);
  process.stdout.write(`node_modules: ${folders.length} packages for ${[...outside].sort().join(', ')}\n`);
}

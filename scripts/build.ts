/**
 * `npm run build [-- --out folder] [--only name] [--modules]`: one folder per function under dist/, bundled, with SDKs in chunks of their own that load when
 * first used. `node dist/<name>/index.js` serves it; functions-framework takes the folder as --source and the name as --target.
 * Beside them `dist/start` is what `npm start` runs, and `dist/migrate` what `npm run migrate` runs. With --modules what the bundles leave outside is put beside
 * the out folder, in node_modules: then both need nothing but Node.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Metafile } from 'esbuild';
import { MANIFEST } from '#functions/manifest.ts';
import { type BundleSource, bundle, functionSource } from './build/bundle.ts';
import { copyLocked } from './build/locked-modules.ts';

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

/** Programs that are no functions, and run from an image all the same. */
const PROGRAMS: Record<string, string> = {
  start: 'Every function in one process: npm start',
  migrate: 'Migrates databases: npm run migrate',
};

/** What to build into the folder of its name: a function, or one of the programs. */
interface Planned extends BundleSource {
  summary: string;
  /** Started by functions-framework where the platform has the folder alone. */
  framework: boolean;
}

/** What all bundles leave outside. */
const outside = new Set<string>();

async function buildOne(planned: Planned): Promise<void> {
  const folder = join(resolve(values.out), planned.name);
  const { files, metafile } = await bundle(planned, folder);
  rmSync(folder, { recursive: true, force: true });
  for (const { path, text } of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const needed = neededBy(metafile);
  for (const name of needed) outside.add(name);
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(packageOf(planned, needed), null, 2)}\n`);
  const code = files.filter(({ path }) => path.endsWith('.js'));
  const bytes = code.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  process.stdout.write(`dist/${planned.name}: ${code.length} files, ${Math.round(bytes / 1024)} KiB\n`);
}

/** The packages that the bundle left outside and that its code may load. */
function neededBy({ outputs }: Metafile): string[] {
  const paths = Object.values(outputs).flatMap(({ imports }) =>
    imports.filter(({ external, path }) => external && !path.startsWith('node:')).map(({ path }) => path),
  );
  return Object.keys(own.dependencies).filter((name) =>
    paths.some((path) => path === name || path.startsWith(`${name}/`)),
  );
}

/** Exactly what the folder needs beside Node: what the bundle left outside, and the framework where the platform starts the folder with it. */
function packageOf(planned: Planned, needed: readonly string[]): object {
  const names = new Set(needed);
  if (planned.framework) names.add('@google-cloud/functions-framework');
  return {
    name: `hawker-${planned.name}`,
    version: own.version,
    private: true,
    description: planned.summary,
    type: 'module',
    main: 'index.js',
    scripts: { start: 'node index.js' },
    engines: { node: '>=24' },
    dependencies: Object.fromEntries([...names].sort().map((name) => [name, own.dependencies[name]])),
  };
}

const bundles: Planned[] = [
  ...MANIFEST.map((row) => ({ ...functionSource(row), summary: row.summary, framework: row.serve === 'app' })),
  ...Object.entries(PROGRAMS).map(([name, summary]) => ({
    ...{ name, summary, framework: false },
    entry: `import './scripts/${name}.ts';`,
  })),
];
const chosen = bundles.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0) {
  process.stderr.write(
    `build: there is no function ${values.only}; there are ${bundles.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(1);
}
for (const planned of chosen) await buildOne(planned);
if (values.modules) {
  const beside = join(resolve(values.out), '..');
  if (beside === root) throw new Error('--modules needs --out: node_modules of the project itself must stay');
  const folders = copyLocked(root, [...outside], beside);
  process.stdout.write(`node_modules: ${folders.length} packages for ${[...outside].sort().join(', ')}\n`);
}

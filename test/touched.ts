/**
 * What a function's code touches, read from the code: its entry is bundled as the build does it, so that what nothing leads to is gone, and each collection, topic and setting that is
 * left in a place where it is used is one that the function uses. Names that travel as values of variables are followed no further than to a constant.
 */
import { join } from 'node:path';
import { build } from 'esbuild';
import { SETTINGS, type SettingName } from '#shared/config.ts';
import { ROOT } from './sources.ts';

export interface Touched {
  /** Collections by what is done with them. */
  store: Record<string, 'read' | 'write'>;
  topics: string[];
  settings: SettingName[];
  /** What it asks its runtime for. */
  opens: ('leases' | 'lta' | 'google' | 'blobs')[];
  /** Google's APIs that it calls. */
  google: ('slides' | 'drive' | 'secretmanager' | 'sqladmin')[];
}

const READS = new Set(['get', 'getMany', 'list']);
const WRITES = new Set(['create', 'replace', 'delete', 'set', 'remove', 'put']);
/** The first argument of a call: a text, or a constant; of a pair of a collection and an id all that there is. A name that two files have gets a number in the bundle. */
const CALL =
  /\b(?<verb>get|getMany|list|create|replace|delete|set|remove|put)\d*\(\s*(?:\.\.\.)?(?<name>"[^"]*"|\w+)\s*[,)]/g;
const WRITE = /\bcollection: (?<name>"[^"]*"|\w+)/g;
const PUBLISH = /\.publish\(\s*(?<name>"[^"]*"|\w+)/g;
/** Indented where the file is one that is imported later. */
const CONSTANT = /^\s*(?:(?:var|let|const) )?(?<name>\w+) = \[?"(?<value>[^"\\\n]*)"/gm;

const GOOGLE = { slides: 'slides', drive: 'drive', secrets: 'secretmanager', sqlAdmin: 'sqladmin' } as const;

/** `collections` are all that there are: other calls of these names have nothing to do with the store. */
export async function touchedBy(entry: string, collections: ReadonlySet<string>): Promise<Touched> {
  const code = await bundled(entry);
  const constants = new Map([...code.matchAll(CONSTANT)].map(({ groups }) => [groups?.['name'], groups?.['value']]));
  const textOf = (name = '') => (name.startsWith('"') ? name.slice(1, -1) : constants.get(name));
  const found = (pattern: RegExp) =>
    [...code.matchAll(pattern)].flatMap(({ groups }) => {
      const value = textOf(groups?.['name']);
      return value === undefined ? [] : [{ verb: groups?.['verb'] ?? '', value }];
    });
  const calls = found(CALL).filter(({ value }) => collections.has(value));
  const written = [
    ...calls.filter(({ verb }) => WRITES.has(verb)),
    ...found(WRITE).filter(({ value }) => collections.has(value)),
  ];
  const read = calls.filter(({ verb }) => READS.has(verb));
  const asked = (name: string) =>
    new RegExp(`\\.${name}\\b|\\b${name}\\d*\\(\\)|\\{[^{}]*\\b${name}\\b[^{}]*\\} =`).test(code);
  return {
    store: Object.fromEntries([
      ...read.map(({ value }) => [value, 'read'] as const),
      ...written.map(({ value }) => [value, 'write'] as const),
    ]),
    topics: [...new Set(found(PUBLISH).map(({ value }) => value))].sort(),
    settings: (Object.keys(SETTINGS) as SettingName[]).filter((name) =>
      new RegExp(`\\.${name}\\b|[{,]\\s*${name}\\b\\s*[:,}=]`).test(code),
    ),
    opens: (['leases', 'lta', 'google', 'blobs'] as const).filter((name) =>
      new RegExp(`\\b${name}\\d*\\(\\)|^\\s*${name}: \\w+,?$`, 'm').test(code),
    ),
    google: Object.entries(GOOGLE).flatMap(([name, api]) => (asked(name) ? api : [])),
  };
}

async function bundled(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, entry)],
    outdir: join(ROOT, 'nowhere'),
    ...{ bundle: true, write: false, packages: 'external', platform: 'node', format: 'esm', target: 'esnext' },
    logLevel: 'error',
    plugins: [
      {
        // The tables of settings and of metrics name all that there is and use none of it.
        name: 'tables',
        setup: ({ onResolve }) =>
          onResolve({ filter: /\/(?:config|metric-table)\.ts$/ }, ({ path }) => ({ path, external: true })),
      },
    ],
  });
  return outputFiles.map(({ text }) => text).join('\n');
}

/** `observe files`: writes what files.ts makes, or tells which of it is not there as it should be. */
import { existsSync, globSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { say } from '../command/print.ts';
import { HelpWanted, parseTyped, UsageError } from '../command/usage.ts';
import { makeFiles } from './files.ts';

/** Where they are in the project. */
export const FOLDER = join(import.meta.dirname, 'files');

const LINE = 'usage: npm run observe -- files [--out <folder>] [--runbooks <address>] [--check]';

const TEXT = `${LINE}
  --out        where to, scripts/observability/files without it; what is there by other names stays
  --runbooks   the address of runbooks.md, such as https://wiki.example/hawker/runbooks; alerts add #<their name>
  --check      writes nothing, names each file that differs and exits with 1
Grafana's dashboards and data sources, rules and configurations of Prometheus, the collector and a local stack, and what Cloud Monitoring takes.`;

interface Asked {
  out: string;
  runbooks: string | undefined;
  check: boolean;
}

export async function run(args: string[]): Promise<number> {
  const { out, runbooks, check } = readAsked(args);
  const files = makeFiles(runbooks);
  if (check) {
    const drifted = await driftOf(files, out);
    for (const path of drifted) say(`${shown(out)}/${path} is not as it would be made`);
    return drifted.length > 0 ? 1 : 0;
  }
  for (const [path, text] of files) {
    const file = join(out, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  // The project's own folder holds nothing else.
  if (out === FOLDER) for (const path of strangers(files, out)) await rm(join(out, path));
  say(`${files.size} files in ${shown(out)}`);
  return 0;
}

/** Paths whose text differs, which are missing, or which nobody makes. */
export async function driftOf(files: ReadonlyMap<string, string>, folder: string): Promise<string[]> {
  const drifted = folder === FOLDER ? strangers(files, folder) : [];
  for (const [path, text] of files) {
    const file = join(folder, path);
    if (!existsSync(file) || (await readFile(file, 'utf8')) !== text) drifted.push(path);
  }
  return drifted.sort();
}

function strangers(files: ReadonlyMap<string, string>, folder: string): string[] {
  return globSync('**/*.{json,yaml}', { cwd: folder })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !files.has(path));
}

function readAsked(args: readonly string[]): Asked {
  const { values, positionals } = parseTyped(args, {
    out: { type: 'string' },
    runbooks: { type: 'string' },
    check: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) throw new HelpWanted(TEXT);
  if (positionals.length > 0) throw new UsageError(`what is ${JSON.stringify(positionals[0])} for? ${LINE}`);
  const { out, runbooks, check } = values;
  if (out === '') throw new UsageError('--out needs a folder');
  if (runbooks !== undefined && !(/^https?:\/\/[^\s#"'`<>]{1,500}$/i.test(runbooks) && URL.canParse(runbooks)))
    throw new UsageError('--runbooks must be an http or https address without #, spaces and quotes');
  return { out: out === undefined ? FOLDER : resolve(out), runbooks, check };
}

function shown(folder: string): string {
  return relative(process.cwd(), folder) || '.';
}

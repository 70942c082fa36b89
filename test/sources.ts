/** The project's own sources as the tests about its structure see them. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..');

export interface Source {
  /** From the root, with `/`. */
  path: string;
  text: string;
  /** The text without its comments. */
  code: string;
  imports: Import[];
}

export interface Import {
  specifier: string;
  kind: 'type' | 'value' | 'dynamic';
  /** The file it leads to, from the root; undefined for packages and Node's own modules. */
  file: string | undefined;
}

/** All TypeScript files of these folders. */
export function sources(...folders: string[]): Source[] {
  return globSync(
    folders.map((folder) => `${folder}/**/*.ts`),
    { cwd: ROOT },
  )
    .map((found) => found.replaceAll('\\', '/'))
    .filter((path) => !path.includes('node_modules/'))
    .sort()
    .map((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8');
      const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
      return { path, text, code, imports: importsOf(path, code) };
    });
}

/** Those of `files` that the entries lead to, by whatever kind of import. */
export function reachable(files: readonly Source[], isEntry: (path: string) => boolean): Source[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const seen = new Set<Source>();
  const visit = (file: Source | undefined) => {
    if (!file || seen.has(file)) return;
    seen.add(file);
    for (const found of file.imports) visit(byPath.get(found.file ?? ''));
  };
  for (const file of files) if (isEntry(file.path)) visit(file);
  return [...seen];
}

const STATIC = /^\s*(?:import|export)\s+(?<type>type\s)?(?:[^;'"()]*?\sfrom\s+|\s*)['"](?<specifier>[^'"\n]+)['"]/gm;
const DYNAMIC = /(?<!\.)\bimport\(\s*['"](?<specifier>[^'"\n]+)['"]/g;

function importsOf(path: string, code: string): Import[] {
  const found: Import[] = [];
  for (const { groups } of code.matchAll(STATIC))
    found.push(toImport(path, groups?.['specifier'] ?? '', groups?.['type'] ? 'type' : 'value'));
  for (const { groups } of code.matchAll(DYNAMIC)) found.push(toImport(path, groups?.['specifier'] ?? '', 'dynamic'));
  return found;
}

function toImport(path: string, specifier: string, kind: Import['kind']): Import {
  const own = /^#(functions|shared)\//.exec(specifier);
  const file = own
    ? specifier.slice(1)
    : specifier.startsWith('.')
      ? join(path, '..', specifier).replaceAll('\\', '/')
      : undefined;
  return { specifier, kind, file };
}

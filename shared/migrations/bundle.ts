/** Files become migrations. */
import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import { readDirectives } from './directives.ts';
import { parseFileName } from './file-name.ts';
import type { Bundle, Migration, Script, Version } from './migration.ts';

/** SHA-256 that does not change with the line ends that git or an editor writes, nor with a byte order mark. */
export function checksumOf(text: string): string {
  const same = text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
  return createHash('sha256').update(same).digest('hex');
}

/** Throws `migration_refused` for a directive that cannot be read. */
export function scriptOf(file: string, text: string): Script {
  return { file, text, checksum: checksumOf(text), directives: readDirectives(file, text) };
}

/** In the order in which a folder lists them to golang-migrate: it decides which of two alike is called the duplicate. */
function inFolderOrder(files: Iterable<string>): string[] {
  return [...files].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** Files by name. Names that are no migration's are passed over; throws `migration_refused` for a duplicate, in golang-migrate's words. */
export function bundleOf(files: Readonly<Record<string, string>>): Bundle {
  const found = new Map<Version, Migration>();
  for (const file of inFolderOrder(Object.keys(files))) {
    const parsed = parseFileName(file);
    if (!parsed) continue;
    const { version, name, direction } = parsed;
    const migration = found.get(version) ?? { version, name };
    if (migration[direction]) throw new AppError('migration_refused', `duplicate migration file: ${file}`);
    migration[direction] = scriptOf(file, files[file] ?? '');
    // Its `.down.` file may be called otherwise.
    if (direction === 'up') migration.name = name;
    found.set(version, migration);
  }
  const migrations = [...found.values()].sort((a, b) => (a.version < b.version ? -1 : 1));
  return { migrations, hash: hashOf(migrations) };
}

function hashOf(migrations: readonly Migration[]): string {
  const hash = createHash('sha256');
  for (const { version, up, down } of migrations)
    hash.update(`${version} ${up?.checksum ?? '-'} ${down?.checksum ?? '-'}\n`);
  return hash.digest('hex');
}

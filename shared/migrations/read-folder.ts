/** A target's migrations, from its folder. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { inLanes } from '../in-lanes.ts';
import { bundleOf } from './bundle.ts';
import { parseFileName } from './file-name.ts';
import type { Bundle } from './migration.ts';
import type { Target } from './target.ts';

const LANES = 16;

/**
 * Sub-folders and files that are called otherwise are passed over. Throws `not_configured` where the folder or a file cannot be read, `migration_refused` for duplicates, for directives
 * that nobody knows and for text that is not UTF-8: it would be altered on its way to the database.
 */
export async function readBundle({ name, folder }: Pick<Target, 'name' | 'folder'>): Promise<Bundle> {
  if (typeof folder !== 'string') return bundleOf(folder.files);
  const files: Record<string, string> = {};
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const wanted = entries.filter((entry) => !entry.isDirectory() && parseFileName(entry.name));
    await inLanes(wanted, { lanes: LANES }, async (entry) => {
      files[entry.name] = decoded(entry.name, await readFile(join(folder, entry.name)));
    });
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { code = 'unknown', path = folder } = error as NodeJS.ErrnoException;
    throw new AppError('not_configured', `target ${name}: its migrations cannot be read: ${code} ${path}`, {
      cause: error,
    });
  }
  return bundleOf(files);
}

/** Without a byte order mark, which databases take for a fault. */
function decoded(file: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AppError('migration_refused', `${file} is not UTF-8`, { cause });
  }
}

/** A folder's files for lint: the names of all, the texts of those that are migrations. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../errors.ts';
import { inLanes } from '../../in-lanes.ts';
import { parseFileName } from '../file-name.ts';
import type { Target } from '../target.ts';

const LANES = 16;

/** Bytes that are no UTF-8 are shown as such. Throws `not_configured` where the folder cannot be read. */
export async function readLintFiles(folder: Target['folder']): Promise<Record<string, string>> {
  if (typeof folder !== 'string') return { ...folder.files };
  const files: Record<string, string> = {};
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const named = entries.filter((entry) => !entry.isDirectory());
    await inLanes(named, { lanes: LANES }, async ({ name }) => {
      files[name] = parseFileName(name) ? await readFile(join(folder, name), 'utf8') : '';
    });
  } catch (error) {
    const { code = 'unknown', path = folder } = error as NodeJS.ErrnoException;
    throw new AppError('not_configured', `its migrations cannot be read: ${code} ${path}`, { cause: error });
  }
  return files;
}

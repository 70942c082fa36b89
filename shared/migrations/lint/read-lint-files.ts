/** A folder's files for lint: the names of all, the texts of those that are migrations. */
import { isUtf8 } from 'node:buffer';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../errors.ts';
import { inLanes } from '../../in-lanes.ts';
import { parseFileName } from '../file-name.ts';
import type { Target } from '../target.ts';

const LANES = 16;

/** Texts; bytes where they are no UTF-8, which no other command takes. */
export type LintGiven = Readonly<Record<string, string | Buffer>>;

/** Throws `not_configured` where the folder cannot be read. */
export async function readLintFiles(folder: Target['folder']): Promise<LintGiven> {
  if (typeof folder !== 'string') return { ...folder.files };
  const files: Record<string, string | Buffer> = {};
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const named = entries.filter((entry) => !entry.isDirectory());
    await inLanes(named, { lanes: LANES }, async ({ name }) => {
      const bytes = parseFileName(name) ? await readFile(join(folder, name)) : Buffer.alloc(0);
      files[name] = isUtf8(bytes) ? bytes.toString('utf8') : bytes;
    });
  } catch (error) {
    const { code = 'unknown', path = folder } = error as NodeJS.ErrnoException;
    throw new AppError('not_configured', `its migrations cannot be read: ${code} ${path}`, { cause: error });
  }
  return files;
}

/** Lint of one target's files, with what its database knows of late ones. */
import { AppError, isAppError } from '../../errors.ts';
import { lateMigrations } from '../deviations.ts';
import { parseFileName } from '../file-name.ts';
import type { Look } from '../look.ts';
import type { Version } from '../migration.ts';
import type { Target } from '../target.ts';
import type { Finding } from './finding.ts';
import { lintFiles } from './lint.ts';
import { type LintGiven, readLintFiles } from './read-lint-files.ts';

const MOST_ROWS = 100_000;

interface Given {
  /** Instead of those that are deployed. */
  files?: LintGiven | undefined;
  /** Characters of one file, which the parser makes a thousand times as many bytes of. */
  most?: number;
}

/** A database that does not answer is no reason to say nothing. Throws `not_configured` where the folder cannot be read, `too_large` where a file has more than `most` characters. */
export async function lintTarget(
  target: Target,
  databases: Pick<Look, 'status' | 'history'>,
  { files, most = Infinity }: Given = {},
): Promise<Finding[]> {
  const found = files ?? (await readLintFiles(target.folder));
  const long = Object.keys(found).find((file) => (found[file] ?? '').length > most);
  if (long !== undefined) throw new AppError('too_large', `${long} has more than ${most} characters`);
  const versions = Object.keys(found).flatMap((file) => parseFileName(file)?.version ?? []);
  return lintFiles(found, target.kind, { late: await lateOf(target.name, databases, versions) });
}

async function lateOf(
  name: string,
  databases: Pick<Look, 'status' | 'history'>,
  versions: Version[],
): Promise<Version[]> {
  try {
    const [{ state }, history] = await Promise.all([databases.status(name), databases.history(name, MOST_ROWS)]);
    const migrations = [...new Set(versions)].map((version) => ({ version, name: '' }));
    return lateMigrations({ migrations, hash: '' }, state, history).map(({ version }) => version);
  } catch (error) {
    if (isAppError(error)) return [];
    throw error;
  }
}

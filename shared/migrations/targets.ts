/** The databases to migrate, and where each one's address is kept. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Config, variable } from '../config.ts';
import { AppError } from '../errors.ts';
import { sampleTarget } from './sample.ts';
import type { Target } from './target.ts';

/** Without HAWKER_DATABASES the sample alone. Throws `not_configured` with every problem of the file: file, target and field, never a value, which may be a password in the wrong place. */
export async function readTargets(config: Pick<Config, 'HAWKER_DATABASES' | 'HAWKER_DATA'>): Promise<Target[]> {
  if (config.HAWKER_DATABASES === undefined) return [sampleTarget(config.HAWKER_DATA)];
  const file = resolve(config.HAWKER_DATABASES);
  const refused = (why: string, cause?: unknown) =>
    new AppError('not_configured', `${file} (HAWKER_DATABASES): ${why}`, { cause });
  let given: unknown;
  try {
    given = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    // What is wrong with it is told with a piece of the text.
    if (error instanceof SyntaxError)
      throw refused(`is not JSON${/ \(line \d+ column \d+\)/.exec(error.message)?.[0] ?? ''}`);
    throw refused(`cannot be read: ${codeOf(error)}`, error);
  }
  const { parseTargets } = await import('./targets-schema.ts');
  const parsed = parseTargets(given, file);
  if ('problems' in parsed) throw refused(parsed.problems.join('; '));
  return parsed.targets;
}

/** Read anew each time: a secret may have been changed. For SQLite a path. Throws `not_configured`, without the address. */
export async function addressOf(
  { name, kind, address }: Pick<Target, 'name' | 'kind' | 'address'>,
  env?: Record<string, string | undefined>,
): Promise<string> {
  if (address.from === 'path') return address.path;
  const refused = (why: string, cause?: unknown) =>
    new AppError('not_configured', `target ${name}: its address is to be in ${why}`, { cause });
  let found: string | undefined;
  if (address.from === 'variable') {
    found = variable(address.name, env);
    if (!found) throw refused(`the variable ${address.name}, which is not set`);
  } else {
    try {
      found = (await readFile(address.path, 'utf8')).trim();
    } catch (error) {
      throw refused(`the file ${address.path}, which cannot be read: ${codeOf(error)}`, error);
    }
    if (!found) throw refused(`the file ${address.path}, which is empty`);
  }
  // golang-migrate writes sqlite3://path.
  return kind === 'sqlite' ? found.replace(/^sqlite3?:\/\//, '') : found;
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? 'unknown';

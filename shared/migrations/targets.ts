/** The databases to migrate, and where each one's address is kept. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import type { Target } from './target.ts';

/** Without HAWKER_DATABASES the sample alone. Throws `not_configured` with every problem of the file: file, target and field, never a value, which may be a password in the wrong place. */
export async function readTargets(config: Pick<Config, 'HAWKER_DATABASES' | 'HAWKER_DATA'>): Promise<Target[]> {
  if (config.HAWKER_DATABASES === undefined) {
    const { sampleTarget } = await import('./sample.ts');
    return [sampleTarget(config.HAWKER_DATA)];
  }
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

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? 'unknown';

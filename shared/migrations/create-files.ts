/** New migration files, called as golang-migrate's `create` calls them: empty ones of SQL, and for Firestore ones to fill in. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { parseFileName } from './file-name.ts';

const NAME = /^[\p{L}\p{N}_-]{1,100}$/u;
const DIGITS = 6;
const TEMPLATE = `export default {
  collection: 'name-of-the-collection',
  // Sees one document, and answers what to change of it, or nothing. It may be called again.
  change: ({ data }) => undefined,
};
`;

/**
 * `sequential`: 000001, 000002, ...; otherwise the time, to a second, in UTC. Spaces in the name become `_`. Answers the paths, up and down. Throws `invalid` for a name that cannot be,
 * `already_exists` where the version is taken.
 */
export async function create(
  folder: string,
  name: string,
  how: ({ sequential: true } | { time: Date }) & { extension?: 'sql' | 'ts' },
): Promise<[up: string, down: string]> {
  const called = name.trim().replaceAll(/\s+/g, '_');
  if (!NAME.test(called)) throw new AppError('invalid', 'the name must be 1 to 100 letters, digits, - and _');
  await mkdir(folder, { recursive: true });
  const there = (await readdir(folder)).flatMap((file) => parseFileName(file)?.version ?? []);
  const highest = there.reduce((most, version) => (version > most ? version : most), 0n);
  const version = 'time' in how ? stamp(how.time) : `${highest + 1n}`.padStart(DIGITS, '0');
  if ('sequential' in how && version.length > DIGITS)
    throw new AppError('invalid', `next sequence number ${version} too large. At most ${DIGITS} digits are allowed`);
  if (there.includes(BigInt(version))) throw new AppError('already_exists', `duplicate migration version: ${version}`);
  const { extension = 'sql' } = how;
  const up = join(folder, `${version}_${called}.up.${extension}`);
  const down = join(folder, `${version}_${called}.down.${extension}`);
  for (const path of [up, down]) await writeFile(path, extension === 'ts' ? TEMPLATE : '', { flag: 'wx' });
  return [up, down];
}

/** 20261123100941. */
const stamp = (time: Date) => time.toISOString().replaceAll(/[^\d]/g, '').slice(0, 14);

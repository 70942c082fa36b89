/** golang-migrate's rule of file names (source/parse.go): `1_users.up.sql`. */
import type { Version } from './migration.ts';

/** Greedy: the last `.up.` or `.down.` decides, and what follows may be anything. Go's dot takes every character but a line feed. */
const FILE_NAME = /^([0-9]+)_([^\n]*)\.(down|up)\.([^\n]*)$/;
const LARGEST = 2n ** 64n - 1n;

/** The largest that a `bigint` column holds. */
export const LARGEST_STORED = 2n ** 63n - 1n;

export interface FileName {
  version: Version;
  name: string;
  direction: 'up' | 'down';
}

/** `undefined`: it is no migration's name, or its number has more than 64 bits; such files are passed over in silence. */
export function parseFileName(file: string): FileName | undefined {
  const [, digits, name, direction] = FILE_NAME.exec(file) ?? [];
  if (digits === undefined || name === undefined) return undefined;
  const version = BigInt(digits);
  return version > LARGEST ? undefined : { version, name, direction: direction as 'up' | 'down' };
}

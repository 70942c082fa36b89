/** What names the code of a function, so that only what changed is released: a hash that the name of each revision carries. */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const DIGITS = 12;

/**
 * Of the bundle in `folder`, of `shared`, which every function gets: how the image is made, and which packages are in it, and of what lies in `data`, which the function
 * reads from the image. 12 hexadecimal digits.
 */
export function bundleHash(folder: string, shared: readonly string[], data?: string): string {
  const hash = createHash('sha256');
  const add = (name: string, content: Buffer) => hash.update(`${name}\n${content.byteLength}\n`).update(content);
  // Maps tell where the sources lay, which changes nothing.
  for (const file of globSync('**/*.{js,json,wasm}', { cwd: folder }).sort())
    add(file, readFileSync(join(folder, file)));
  for (const file of shared) add('', readFileSync(file));
  if (data !== undefined)
    for (const entry of globSync('**/*', { cwd: data, withFileTypes: true })
      .filter((each) => each.isFile())
      .map((each) => relative(data, join(each.parentPath, each.name)))
      .sort())
      add(entry, readFileSync(join(data, entry)));
  return hash.digest('hex').slice(0, DIGITS);
}

/** The end of a revision's name: the code's hash, and the build, since no name may be used twice. */
export const suffixOf = (hash: string, build: string) => `c${hash}-${build.replaceAll(/[^a-z0-9]/g, '').slice(0, 8)}`;

/** The hash in the name of a revision that a release made; undefined for any other, of which nobody knows what it runs. */
export function hashOf(revision: string): string | undefined {
  return new RegExp(`-c([0-9a-f]{${DIGITS}})-[a-z0-9]+$`).exec(revision)?.[1];
}

/**
 * The texts of the files that browsers load: read from where they are written. The build puts another module in this one's place, which has them, made smaller, in it
 * (`scripts/build.ts`), since a built function has no other files.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SHARED = ['../../../shared/bus/countdown.js'];

/** By the name under which a page asks for them. */
export function readAssetTexts(): Record<string, string> {
  const folders = ['../browser', '../browser/worker'];
  const own = folders.flatMap((folder) =>
    readdirSync(join(import.meta.dirname, folder)).flatMap((name) => (name.endsWith('.js') ? `${folder}/${name}` : [])),
  );
  return Object.fromEntries(
    [...own, ...SHARED].map((path) => [
      path.split('/').at(-1) ?? '',
      readFileSync(join(import.meta.dirname, path), 'utf8'),
    ]),
  );
}

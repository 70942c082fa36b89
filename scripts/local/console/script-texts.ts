/**
 * The texts of the scripts that browsers load: read from where they are written. The build puts another module in this one's place, which has them, made smaller, in it
 * (`scripts/build.ts`), since what it builds has no other files.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const NAMES = ['console.js', 'relative-time.js'];

/** By the name under which a page asks for them. */
export function readScriptTexts(): Record<string, string> {
  return Object.fromEntries(
    NAMES.map((name) => [name, readFileSync(join(import.meta.dirname, 'browser', name), 'utf8')]),
  );
}

/** The files that browsers load, under names that change with what is in them, so that a browser may keep them for good. */
import { createHash } from 'node:crypto';
import { readAssetTexts } from './asset-texts.ts';

export interface Asset {
  text: string;
  /** Of the text, with the imports in it. */
  hash: string;
}

export interface Assets {
  /** By name: `app.js`. */
  files: ReadonlyMap<string, Asset>;
  /** The service worker's text, which no page loads by name. */
  worker: string;
  /** Of everything here. */
  version: string;
}

const WORKER = 'sw.js';
/**
 * What is written `./board.js` or `#shared/bus/countdown.js` is beside the file that imports it when a browser has it. Types in comments are imported without `from`
 * and `await`.
 */
const IMPORT = /(\bfrom\s*|\bawait import\()(['"])(?:\.\/|#shared\/bus\/)([a-z-]+\.js)\2/g;

/** Texts in which each import names the very version that belongs to it. They import one another in no circle. */
export function makeAssets(texts: Readonly<Record<string, string>>): Assets {
  const files = new Map<string, Asset>();
  const add = (name: string): Asset => {
    const known = files.get(name);
    if (known) return known;
    const written = texts[name];
    if (written === undefined) throw new Error(`${name} is imported, and there is no such file`);
    const text = written.replaceAll(
      IMPORT,
      (_, start: string, quote: string, imported: string) =>
        `${start}${quote}./${imported}?v=${add(imported).hash}${quote}`,
    );
    const asset = { text, hash: hashOf(text) };
    files.set(name, asset);
    return asset;
  };
  for (const name of Object.keys(texts).sort()) if (name !== WORKER) add(name);
  const worker = texts[WORKER] ?? '';
  const version = hashOf([worker, ...[...files].map(([name, { hash }]) => `${name} ${hash}`).sort()].join('\n'));
  return { files, worker, version };
}

let made: Assets | undefined;

export function assets(): Assets {
  made ??= makeAssets(readAssetTexts());
  return made;
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 12);
}

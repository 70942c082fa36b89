/** Which version of Hawker this is, as its package.json says; a bundle is built with it. */
import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

/** `unknown` where it is kept without one. */
export const VERSION = readVersion();

function readVersion(): string {
  try {
    const { version } = JSON.parse(readFileSync(findPackageJSON('..', import.meta.url) ?? '', 'utf8')) as {
      version?: unknown;
    };
    return typeof version === 'string' ? version : 'unknown';
  } catch {
    return 'unknown';
  }
}

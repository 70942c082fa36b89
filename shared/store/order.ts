/** Prefix listing in the order of the ids' UTF-8 bytes, which is not the order of JavaScript's UTF-16 comparison. */
import type { Doc, ListOptions, Page } from './store.ts';

export function compareIds(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Where a listing starts: the prefix itself, or behind the cursor where that is further on. */
export function lowerBound({ prefix = '', after }: ListOptions): { id: string; inclusive: boolean } {
  return after !== undefined && compareIds(after, prefix) >= 0
    ? { id: after, inclusive: false }
    : { id: prefix, inclusive: true };
}

/** The least text above everything that starts with `prefix`; undefined where nothing bounds it. */
export function upperBound(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last < 0x10ffff) {
      // Surrogates are no characters: U+E000 follows U+D7FF.
      return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
    }
  }
  return undefined;
}

/** A page out of the `limit + 1` first documents from the lower bound on. */
export function pageOf<T>(docs: Doc<T>[], { prefix = '', limit }: ListOptions): Page<T> {
  const within = docs.filter((doc) => doc.id.startsWith(prefix));
  const last = within[limit - 1];
  return within.length > limit && last ? { docs: within.slice(0, limit), next: last.id } : { docs: within };
}

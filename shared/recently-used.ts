import { LRUCache } from 'lru-cache';

/**
 * Holds the `most` entries that were used last, by name. It grows with what it holds: told a number of entries, lru-cache sets up room for all of them at once,
 * which takes a start some 0.1 ms for each thousand (100,000: 11 ms). So each entry is one of `most` units of size.
 */
export function createRecentlyUsed<Value extends NonNullable<unknown>>(most: number): LRUCache<string, Value> {
  return new LRUCache({ maxSize: most, sizeCalculation: () => 1 });
}

/**
 * A link's counters: what `clicks` writes and everybody reads.
 *
 * One document of `link-stats` holds a link's day (UTC) in one shard. Each writing process draws one of the shards, and another after a conflict,
 * so that a hot link does not wait for one document; a reader sums them. Each figure is three: all hits, those by people, and people seen for the first time that day.
 */
import { AppError } from '../errors.ts';
import { docId, type Store } from '../store/store.ts';

export const STATISTICS = 'link-stats';
export const SHARDS = 16;

/** What is counted by, within a day. */
export const DIMENSIONS = ['hour', 'label', 'country', 'referrer', 'device', 'browser', 'target'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export const BREAKDOWNS = ['day', ...DIMENSIONS] as const;
export type Breakdown = (typeof BREAKDOWNS)[number];

/** The key of everything beyond what a document has room for. */
export const OTHER = 'other';

export interface Count {
  all: number;
  human: number;
  unique: number;
}

export interface KeyedCount extends Count {
  /** A day is `2026-01-31`, an hour its beginning in UTC, `2026-01-31T23:00:00Z` (in a document `23`); the rest is text as it came. */
  key: string;
}

/** A document of `link-stats`. Keys are values and no field names: what visitors send may not name a field. */
export type LinkDay = { total: Count } & Record<Dimension, KeyedCount[]>;

export interface Statistics {
  from: string;
  to: string;
  by: Breakdown;
  total: Count;
  /** Days and hours in their order, without those that had no hit; others by their hits, the most first, at most 1,000 and then `other`. */
  items: KeyedCount[];
}

const MOST_DAYS = 400;
const MOST_DAYS_BY_HOUR = 31;
const MOST_ITEMS = 1_000;
const DAY_MS = 24 * 3_600_000;
/** Documents a page: they may be large. */
const PAGE = 100;

/** `day` is `YYYY-MM-DD` in UTC, `shard` 0 to SHARDS - 1. */
export const statisticsId = (linkId: string, day: string, shard: number): string =>
  docId(linkId, day, shard.toString(16));

export const emptyCount = (): Count => ({ all: 0, human: 0, unique: 0 });

export function addCount(sum: Count, { all, human, unique }: Count): void {
  sum.all += all;
  sum.human += human;
  sum.unique += unique;
}

/**
 * A link's figures from day `from` to day `to`, both included, in UTC (`YYYY-MM-DD`). At most 400 days, 31 by hour.
 * `unique` over several days is the sum of each day's: what tells people apart changes every day, by design.
 * Throws `invalid` for a range that is none or too long.
 */
export async function readStatistics(
  store: Store,
  linkId: string,
  { from, to }: { from: string; to: string },
  by: Breakdown,
): Promise<Statistics> {
  assertRange(from, to, by === 'hour' ? MOST_DAYS_BY_HOUR : MOST_DAYS);
  const total = emptyCount();
  const sums = new Map<string, Count>();
  const add = (key: string, count: Count) => {
    const sum = sums.get(key) ?? emptyCount();
    addCount(sum, count);
    sums.set(key, sum);
  };

  // All shards of a day sort behind the day itself, and before the next day.
  let after: string | undefined = docId(linkId, from);
  const last = docId(linkId, to, '~');
  while (after !== undefined) {
    const page: Awaited<ReturnType<typeof store.list<LinkDay>>> = await store.list<LinkDay>(STATISTICS, {
      prefix: `${docId(linkId)}|`,
      after,
      limit: PAGE,
    });
    for (const { id, value } of page.docs) {
      if (id > last) return { from, to, by, total, items: sorted(sums, by) };
      const day = id.split('|')[1] ?? '';
      addCount(total, value.total);
      if (by === 'day') add(day, value.total);
      else for (const item of value[by]) add(by === 'hour' ? `${day}T${item.key}:00:00Z` : item.key, item);
    }
    after = page.next;
  }
  return { from, to, by, total, items: sorted(sums, by) };
}

function assertRange(from: string, to: string, mostDays: number): void {
  const refuse = (name: string, detail: string) =>
    new AppError('invalid', 'The range cannot be read', { errors: [{ pointer: `?${name}`, detail }] });
  for (const [name, day] of [
    ['from', from],
    ['to', to],
  ] as const) {
    const time = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(day) : Number.NaN;
    if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(day))
      throw refuse(name, 'must be a day, YYYY-MM-DD');
  }
  if (from > to) throw refuse('to', 'must not be before from');
  if ((Date.parse(to) - Date.parse(from)) / DAY_MS + 1 > mostDays)
    throw refuse('from', `must be at most ${mostDays} days before the end of to`);
}

function sorted(sums: Map<string, Count>, by: Breakdown): KeyedCount[] {
  const items = [...sums].map(([key, count]) => ({ key, ...count }));
  const byKey = (a: KeyedCount, b: KeyedCount) => (a.key < b.key ? -1 : 1);
  if (by === 'day' || by === 'hour') return items.sort(byKey);
  items.sort((a, b) => b.all - a.all || byKey(a, b));
  if (items.length <= MOST_ITEMS) return items;
  const rest = { key: OTHER, ...emptyCount() };
  const kept = items.slice(0, MOST_ITEMS).filter((item) => item.key !== OTHER || addCount(rest, item));
  for (const item of items.slice(MOST_ITEMS)) addCount(rest, item);
  return [...kept, rest];
}

/** Counting: one hit's place in a day's document, without any store. */
import { AppError } from '#shared/errors.ts';
import type { Hit } from '#shared/links/records.ts';
import {
  addCount,
  type Count,
  DIMENSIONS,
  type Dimension,
  emptyCount,
  type KeyedCount,
  type LinkDay,
  OTHER,
} from '#shared/links/statistics.ts';
import { describeUserAgent } from './user-agent.ts';

/** A hit as it is counted. */
export interface CountedHit {
  linkId: string;
  /** YYYY-MM-DD, UTC. */
  day: string;
  /** What to remember a person by, for the day; absent for others, who are never unique. */
  visitor?: string;
  human: boolean;
  keys: Record<Dimension, string>;
}

/**
 * Beyond these a key counts as `other`, so that no flood of made-up referrers can outgrow the store's limit for a document:
 * 7 dimensions of 100 keys of 200 characters stay below half of it.
 */
const MOST_KEYS = 100;
const MOST_CHARACTERS = 200;

/** `time` is the event's: a hit belongs to the day it happened on, whenever it is delivered. Throws `invalid` for a time that is none. */
export function countedHit(hit: Hit, time: string): CountedHit {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) throw new AppError('invalid', `the event's time is none: ${time.slice(0, 50)}`);
  const utc = at.toISOString();
  const human = hit.label === 'human';
  return {
    linkId: hit.linkId,
    day: utc.slice(0, 10),
    ...(human && hit.visitor && { visitor: hit.visitor }),
    human,
    keys: {
      hour: utc.slice(11, 13),
      label: hit.label,
      country: hit.country || 'unknown',
      referrer: hit.referrer || 'direct',
      target: hit.target,
      ...describeUserAgent(hit.userAgent),
    },
  };
}

export function emptyDay(): LinkDay {
  const empty = Object.fromEntries(DIMENSIONS.map((dimension) => [dimension, [] as KeyedCount[]]));
  return { total: emptyCount(), ...(empty as Record<Dimension, KeyedCount[]>) };
}

/** A day in memory: the document, with a look-up of its items by key, so that adding a hit costs the same however many there are. */
export interface OpenDay {
  value: LinkDay;
  add(hit: CountedHit, unique: boolean): void;
}

/** Takes the value over: it is changed by `add`. */
export function openDay(value: LinkDay): OpenDay {
  const index = new Map(
    DIMENSIONS.map((dimension) => [dimension, new Map(value[dimension].map((item) => [item.key, item]))]),
  );

  function itemFor(dimension: Dimension, key: string): KeyedCount {
    const items = index.get(dimension) as Map<string, KeyedCount>;
    const short = key.slice(0, MOST_CHARACTERS).toWellFormed();
    const known = items.get(short);
    if (known) return known;
    const added = items.size < MOST_KEYS ? short : OTHER;
    const item = items.get(added) ?? { key: added, ...emptyCount() };
    if (!items.has(added)) value[dimension].push(item);
    items.set(added, item);
    return item;
  }

  return {
    value,
    add({ human, keys }, unique) {
      const one: Count = { all: 1, human: human ? 1 : 0, unique: unique ? 1 : 0 };
      addCount(value.total, one);
      for (const dimension of DIMENSIONS) addCount(itemFor(dimension, keys[dimension]), one);
    },
  };
}

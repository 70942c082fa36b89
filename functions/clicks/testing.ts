/** What the tests of counting share: hits, events, and instances that count them over a store whose commits can be made to fail. */
import { type Clock, systemClock } from '#shared/clock.ts';
import { AppError } from '#shared/errors.ts';
import type { Event } from '#shared/events/event.ts';
import { createInbox } from '#shared/events/inbox.ts';
import { type Ids, systemIds } from '#shared/ids.ts';
import type { Hit } from '#shared/links/records.ts';
import { readStatistics } from '#shared/links/statistics.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import type { Store, Write } from '#shared/store/store.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { createClicks } from './handler.ts';

/** Time is no part of these tests: a wait is over with the next turn of the loop. */
const hasty: Clock = { ...systemClock, sleep: () => new Promise(setImmediate) };

/** `shard` is the one it draws, `next` what it draws from then on. */
export function instance(
  store: Store,
  { shard = 0, next = shard, clock = hasty }: { shard?: number; next?: number; clock?: Clock } = {},
) {
  let drawn = false;
  const draw = () => {
    const number = drawn ? next : shard;
    drawn = true;
    return number / 16;
  };
  const ids: Ids = { ...systemIds, random: draw };
  return createClicks({
    store,
    inbox: createInbox({ consumer: 'clicks', store, clock, log: createKeptLog() }),
    clock,
    ids,
  });
}

export const hit = (given: Partial<Hit> = {}): Hit => ({
  linkId: 'l1',
  host: 'go.example',
  slug: 'sale',
  match: 'exact',
  target: 'https://shop.example/sale',
  status: 302,
  label: 'human',
  reason: 'none',
  visitor: 'v1',
  ...given,
});

export const event = (id: string, data: unknown = hit(), time = '2026-01-01T05:00:00.000Z'): Event => ({
  id,
  source: '/redirects',
  type: 'link.hit',
  time,
  data,
  attributes: {},
  delivery: {},
});

export const RANGE = { from: '2026-01-01', to: '2026-01-03' };
export const total = async (store: Store, linkId = 'l1') => (await readStatistics(store, linkId, RANGE, 'day')).total;

/** A store that counts its calls and whose commits can be made to fail, before or after they happened. */
export function watched(inner = withShorthands(createMemoryDriver())) {
  const faults: ('before' | 'after' | AppError)[] = [];
  const commits: (readonly Write[])[] = [];
  let reads = 0;
  const store: Store = {
    ...inner,
    getMany(collection, ids) {
      reads++;
      return inner.getMany(collection, ids);
    },
    async commit(writes) {
      const fault = faults.shift();
      if (fault instanceof AppError) throw fault;
      if (fault === 'before') throw new AppError('unavailable', 'cut off before');
      const versions = await inner.commit(writes);
      if (fault === 'after') throw new AppError('outcome_unknown', 'cut off after');
      commits.push(writes);
      return versions;
    },
  };
  return { store, faults, commits, reads: () => reads };
}

/** One hit: checked, put with others, counted once. Resolves when it is counted, by this delivery or an earlier one. */
import type { Clock } from '#shared/clock.ts';
import type { Event } from '#shared/events/event.ts';
import type { Inbox } from '#shared/events/inbox.ts';
import type { Ids } from '#shared/ids.ts';
import type { Store } from '#shared/store/store.ts';
import { createBatch } from './batch.ts';
import { type Arrived, createCounting } from './count.ts';
import { countedHit } from './counters.ts';
import { parseHit } from './schema.ts';

export interface ClicksOptions {
  store: Store;
  inbox: Inbox;
  clock: Clock;
  ids: Ids;
}

const MOST_AT_ONCE = 100;
const WAIT_MS = 200;

export function createClicks(options: ClicksOptions) {
  const { inbox, clock } = options;
  const batch = createBatch<Arrived>({ work: createCounting(options), maxItems: MOST_AT_ONCE, waitMs: WAIT_MS, clock });
  /** A second delivery of an event that is being counted waits for the first: within one commit an event can be recorded once only. */
  const underWay = new Map<string, Promise<void>>();

  return {
    /** Throws `invalid` for what is no hit; otherwise what the store throws, which is retryable. */
    handle(event: Event): Promise<void> {
      const key = inbox.key(event);
      const same = underWay.get(key);
      if (same) return same;
      const counted = count(event).finally(() => underWay.delete(key));
      underWay.set(key, counted);
      return counted;
    },
    /** Counts what is waiting at once. */
    drain: batch.drain,
  };

  async function count(event: Event): Promise<void> {
    await batch.add({ event, hit: countedHit(parseHit(event.data), event.time) });
  }
}

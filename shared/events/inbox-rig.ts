/** What the inbox's tests share: one event, an effect to count, and processes with clocks of their own. */
import { isAppError } from '../errors.ts';
import { patienceMs } from '../expiry.ts';
import type { Store, Write } from '../store/store.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import type { Event } from './event.ts';
import { createInbox } from './inbox.ts';

export const LEASE_MS = 30_000;
/** What a process waits before it calls a claim stale, and a little more. */
export const STALE_MS = patienceMs(LEASE_MS) + 1;

export const event = (id = 'e1'): Event => ({
  id,
  source: '/test',
  type: 't',
  time: '2026-01-01T00:00:00Z',
  data: null,
  attributes: {},
  delivery: {},
});

/** One process: its own inbox and its own clock over the common store. */
export function process(store: Store, consumer = 'c') {
  const clock = createFakeClock();
  const log = createKeptLog();
  return { clock, log, ...createInbox({ consumer, store, clock, log }) };
}

export const effect = (id: string): Write => ({ op: 'create', collection: 'effects', id, value: {} });
export const effects = async (store: Store) => (await store.list('effects', { limit: 100 })).docs.map(({ id }) => id);
export const busy = (error: unknown) => isAppError(error, 'request_in_progress') && error.retryable;

/** What the schedule's tests share: a row of the manifest, and processes with clocks of their own over one store. */
import assert from 'node:assert/strict';
import type { Firing, ScheduledRow, ScheduleTrigger } from '../define.ts';
import { isAppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { createLeases } from '../lease/leases.ts';
import { createStoreRecords } from '../lease/store-records.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import type { Store, Write } from '../store/store.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createFirings } from './firings.ts';

export function scheduledRow(trigger: Partial<ScheduleTrigger> = {}, timeout = 60): ScheduledRow {
  return {
    name: 'night-watch',
    summary: 'Walks around',
    trigger: { type: 'schedule', cron: '*/5 * * * *', timeZone: 'Asia/Singapore', overlap: 'skip', ...trigger },
    ingress: 'internal',
    callers: 'scheduler',
    serve: 'app',
    store: { leases: 'write', 'lease-terms': 'write', 'lease-history': 'write', 'schedule-firings': 'write' },
    publishes: [],
    blobs: 'none',
    google: [],
    memory: 256,
    cpu: 1,
    concurrency: 1,
    timeout,
    retries: 3,
    settings: [],
    secrets: [],
  };
}

/** Longer than a lease stands whose holder died, and one look more, in milliseconds. */
export const ABANDONED_MS = 18_500;
/** Longer than a holder goes without renewing, and shorter than anybody watches. */
export const RENEWED_MS = 7_500;

export type Run = (firing: Firing) => Promise<readonly Write[]>;

/** One process: its own leases and its own clock over the common store. */
export function createProcess(store: Store, run: Run, row = scheduledRow(), idle = async () => false) {
  const clock = createFakeClock();
  const log = createKeptLog();
  const records = createStoreRecords(store, 'memory');
  const leases = createLeases({ records, store, host: 'test', clock, ids: systemIds, log });
  const firings = createFirings({ row, instance: { run, idle }, store, leases: async () => leases, clock, log });
  const told = new AbortController();
  return {
    clock,
    log,
    leases,
    row,
    isBegun: firings.isBegun,
    /** Whoever told of the firing does not wait any longer. */
    hangUp: (reason: unknown) => told.abort(reason),
    tell: (firing: string, waitMs = 60_000) => firings.handle(firing, { signal: told.signal, waitMs }),
  };
}

export const effect = (id: string): Write => ({ op: 'create', collection: 'effects', id, value: {} });
export const effects = async (store: Store) => (await store.list('effects', { limit: 1_000 })).docs.map(({ id }) => id);

/** Lets time pass for these processes alike, in steps shorter than anything waits: for `ms`, or until `until` settles, which it must in that time. */
export async function pass(
  processes: Pick<ReturnType<typeof createProcess>, 'clock'>[],
  ms: number,
  until?: Promise<unknown>,
) {
  let settled = false;
  until?.then(
    () => (settled = true),
    () => (settled = true),
  );
  for (let passed = 0; passed < ms && !settled; passed += 500) {
    for (const { clock } of processes) await clock.advance(500);
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  }
  if (until && !settled) throw new Error(`not settled after ${ms} ms`);
}

export const FIRST = '2026-01-01T00:05:00Z';
export const SECOND = '2026-01-01T00:10:00Z';

export const newStore = (): Store => withShorthands(createMemoryDriver());
export const busy = (error: unknown) => isAppError(error, 'request_in_progress');

/** A run that ends when the test says so, and what it was given. */
export function heldUp() {
  const begun = Promise.withResolvers<Firing>();
  const { promise, resolve: answer } = Promise.withResolvers<readonly Write[]>();
  const run: Run = (firing) => {
    begun.resolve(firing);
    return promise;
  };
  return { run, begun: begun.promise, answer };
}

export const never: Run = async () => assert.fail('it ran');

/** What the leases' tests share: a store that is watched and disturbed, and processes with clocks of their own over it. */
import assert from 'node:assert/strict';
import type { Clock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import type { Store, StoreDriver, Write } from '../store/store.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import type { Held } from './lease.ts';
import { createLeases } from './leases.ts';
import { createStoreRecords } from './store-records.ts';

/** What becomes of a call: it is lost on the way, its answer is, or it stays without one. */
export type Mishap = 'request lost' | 'answer lost' | 'no answer';

export interface WatchedStore extends Store {
  /** Documents read, as `collection/id`, and commits, each write as `op collection/id`; the history's left out. */
  readonly reads: string[];
  readonly commits: string[][];
  forget(): void;
  /** What happens to each of the next calls of `commit`, or of `getMany`, in turn; the history's left out. */
  disturb(call: 'commit' | 'getMany', ...mishaps: (Mishap | 'none')[]): void;
  /** Every call fails until it is set back. */
  down: boolean;
  /** Runs after the next commit has happened, before its answer is given. */
  meanwhile: (() => Promise<unknown>) | undefined;
}

export function watch(driver: StoreDriver = createMemoryDriver()): WatchedStore {
  const reads: string[] = [];
  const commits: string[][] = [];
  const plans: Record<'commit' | 'getMany', (Mishap | 'none')[]> = { commit: [], getMany: [] };

  async function disturbed<T>(call: 'commit' | 'getMany', work: () => Promise<T>): Promise<T> {
    const mishap = plans[call].shift();
    if (store.down || mishap === 'request lost') throw new AppError('unavailable', 'the store does not answer');
    if (mishap === 'no answer') return new Promise<T>(() => {});
    const result = await work();
    const { meanwhile } = store;
    if (call === 'commit' && meanwhile) {
      store.meanwhile = undefined;
      await meanwhile();
    }
    if (mishap === 'answer lost') throw new AppError('outcome_unknown', 'the answer was lost');
    return result;
  }

  const isHistory = (writes: readonly Write[]) => writes.every(({ collection }) => collection === 'lease-history');
  const watched: StoreDriver = {
    ...driver,
    getMany<T>(collection: string, ids: readonly string[]) {
      if (collection === 'lease-history') return driver.getMany<T>(collection, ids);
      reads.push(...ids.map((id) => `${collection}/${id}`));
      return disturbed('getMany', () => driver.getMany<T>(collection, ids));
    },
    commit(writes) {
      if (isHistory(writes)) return driver.commit(writes);
      commits.push(writes.map(({ op, collection, id }) => `${op} ${collection}/${id}`));
      return disturbed('commit', () => driver.commit(writes));
    },
  };
  const store: WatchedStore = Object.assign(withShorthands(watched), {
    reads,
    commits,
    down: false,
    meanwhile: undefined,
    forget() {
      reads.length = 0;
      commits.length = 0;
    },
    disturb: (call: 'commit' | 'getMany', ...mishaps: (Mishap | 'none')[]) => void plans[call].push(...mishaps),
  });
  return store;
}

/** One process: its own clock, identity and log over the common store. */
export function aProcess(common: Store) {
  let dead = false;
  const alive = <A extends unknown[], T>(call: (...args: A) => Promise<T>) => {
    return (...args: A) => (dead ? new Promise<T>(() => {}) : call(...args));
  };
  const store = withShorthands({
    ...common,
    getMany: alive(common.getMany) as StoreDriver['getMany'],
    commit: alive(common.commit),
  });
  const fake = createFakeClock();
  let paused = 0;
  let suspended = 0;
  const clock: Clock = {
    now: () => fake.now() + paused + suspended,
    mono: () => fake.mono() + paused,
    sleep: fake.sleep,
  };
  const log = createKeptLog();
  const records = createStoreRecords(store, 'memory');
  const leases = createLeases({ records, store, host: 'test', clock, ids: systemIds, log });
  return {
    leases,
    records,
    ids: systemIds,
    clock,
    log,
    advance: fake.advance,
    /** Time passes and no timer has run yet. */
    pause(ms: number) {
      paused += ms;
    },
    /** The machine sleeps: its wall clock goes on, its monotonic clock does not. */
    suspend(ms: number) {
      suspended += ms;
    },
    get sleepers() {
      return fake.sleepers;
    },
    /** As kill -9 does: nothing of it happens any more. */
    async die() {
      dead = true;
      const closed = leases.close(0);
      await fake.advance(0);
      await closed;
    },
  };
}

/** What a promise has come to so far: nothing while it goes on. */
export function watched<T>(promise: Promise<T>): { value?: T; error?: unknown } {
  const seen: { value?: T; error?: unknown } = {};
  promise.then(
    (value) => {
      seen.value = value;
    },
    (error: unknown) => {
      seen.error = error;
    },
  );
  return seen;
}

/** Two processes over one store, each with a contender for the same lease. */
export function twoProcesses() {
  const store = watch();
  const [one, two] = [aProcess(store), aProcess(store)];
  const lease = one.leases.lease('cron', { note: 'nightly' });
  return { store, one, two, lease, other: two.leases.lease('cron') };
}

export async function has(held: Promise<Held | undefined>): Promise<Held> {
  return (await held) ?? assert.fail('not won');
}

export function stands(held: Held | undefined): void {
  assert.ok(held);
  held.assert();
  assert.ok(held.remaining() > 0 && !held.signal.aborted);
}

export function isOver(held: Held): void {
  assert.throws(() => held.assert(), isLost);
  assert.equal(held.remaining(), 0);
}

export function isLost(error: unknown): boolean {
  return isAppError(error, 'lease_lost');
}

/** Until everything that needs no time has happened. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
}

/** The function as tests call it: over real leases, on a store in memory and a clock that stands still. */
import { loadConfig } from '#shared/config.ts';
import type { Runtime } from '#shared/define.ts';
import { createKey } from '#shared/http/api-keys.ts';
import type { Role } from '#shared/http/callers.ts';
import { systemIds } from '#shared/ids.ts';
import { openLeases } from '#shared/lease/index.ts';
import type { Leases } from '#shared/lease/lease.ts';
import type { Queue } from '#shared/queue/queue.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import type { Store } from '#shared/store/store.ts';
import { ADMIN_KEY, type Ask, createAsk } from '#shared/testing/api-client.ts';
import { createFakeClock, type FakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import createLeases from './index.ts';

export interface TestApp {
  store: Store;
  clock: FakeClock;
  leases: Leases;
  ask: Ask;
  /** The Authorization header of a new key. */
  keyFor(role: Role, host?: string): Promise<Record<string, string>>;
}

export async function createTestApp(given: { store?: Store; prefix?: string } = {}): Promise<TestApp> {
  const store = given.store ?? withShorthands(createMemoryDriver());
  const clock = createFakeClock();
  const log = createKeptLog();
  const config = loadConfig({ HAWKER_ADMIN_KEY: ADMIN_KEY });
  const leases = await openLeases(config, { store, clock, ids: systemIds, log });
  const runtime: Runtime = {
    config,
    store,
    queue: {} as Queue,
    log,
    clock,
    ids: systemIds,
    leases: () => Promise.resolve(leases),
    lta: () => Promise.reject(new Error('leases asks LTA nothing')),
    blobs: () => Promise.reject(new Error('it keeps no blobs')),
    google: () => Promise.reject(new Error('it asks Google nothing')),
    prefix: given.prefix ?? '/leases',
  };
  const instance = await createLeases(runtime);
  if (instance.kind !== 'http') throw new Error('leases is an http function');
  return {
    store,
    clock,
    leases,
    ask: createAsk((request) => instance.fetch(request)),
    async keyFor(role, host) {
      const { text } = await createKey({ store, ids: systemIds, clock }, { name: 'n', role, ...(host && { host }) });
      return { Authorization: `Bearer ${text}` };
    },
  };
}

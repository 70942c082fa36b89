/** The function as tests call it: on a store in memory and a clock that stands still. */
import { systemClock } from '#shared/clock.ts';
import { loadConfig } from '#shared/config.ts';
import type { Runtime } from '#shared/define.ts';
import { type Ids, systemIds } from '#shared/ids.ts';
import type { Queue } from '#shared/queue/queue.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import type { Store } from '#shared/store/store.ts';
import { ADMIN_KEY, type Ask, createAsk } from '#shared/testing/api-client.ts';
import { createFakeClock, type FakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog, type KeptLog } from '#shared/testing/kept-log.ts';
import createLinks from './index.ts';

export interface TestApp {
  store: Store;
  clock: FakeClock;
  log: KeptLog;
  ask: Ask;
}

export async function createTestApp(
  given: { ids?: Partial<Ids>; store?: Store; prefix?: string; settings?: Record<string, string> } = {},
): Promise<TestApp> {
  const store = given.store ?? withShorthands(createMemoryDriver());
  const clock = createFakeClock();
  const log = createKeptLog();
  const runtime: Runtime = {
    config: loadConfig({ HAWKER_ADMIN_KEY: ADMIN_KEY, ...given.settings }),
    store,
    queue: {} as Queue,
    log,
    // Waits after a conflict are real, since nobody moves the clock in them.
    clock: { ...clock, sleep: systemClock.sleep },
    ids: { ...systemIds, ...given.ids },
    leases: () => Promise.reject(new Error('links holds no lease')),
    lta: () => Promise.reject(new Error('links asks LTA nothing')),
    blobs: () => Promise.reject(new Error('it keeps no blobs')),
    google: () => Promise.reject(new Error('it asks Google nothing')),
    prefix: given.prefix ?? '/links',
  };
  const instance = await createLinks(runtime);
  if (instance.kind !== 'http') throw new Error('links is an http function');
  return {
    store,
    clock,
    log,
    ask: createAsk((request) => instance.fetch(request)),
  };
}

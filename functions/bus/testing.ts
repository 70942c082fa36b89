/** The function as tests call it: on a store in memory and a clock that stands still, with the real feed and, where a test wants one, an LTA on loopback. */
import { loadConfig } from '#shared/config.ts';
import type { HttpFunction, Runtime } from '#shared/define.ts';
import { systemIds } from '#shared/ids.ts';
import { openLta } from '#shared/lta/index.ts';
import type { Queue } from '#shared/queue/queue.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import type { Store } from '#shared/store/store.ts';
import { type Ask, createAsk } from '#shared/testing/api-client.ts';
import { createFakeClock, type FakeClock } from '#shared/testing/fake-clock.ts';
import { type FakeLta, startFakeLta } from '#shared/testing/fake-lta.ts';
import { createKeptLog, type KeptLog } from '#shared/testing/kept-log.ts';
import createBus from './index.ts';

export interface TestBus extends AsyncDisposable {
  ask: Ask;
  instance: HttpFunction;
  store: Store;
  clock: FakeClock;
  log: KeptLog;
  /** There without `withoutLta` alone; its key is set. */
  lta: FakeLta;
}

export interface TestBusOptions {
  /** No key is set, and there is no LTA: the demo alone answers. */
  withoutLta?: boolean;
  store?: Store;
  clock?: FakeClock;
  /** Settings beside those of LTA. */
  settings?: Record<string, string>;
  prefix?: string;
}

/** A Thursday at noon in Singapore. */
const NOON = Date.parse('2026-01-08T04:00:00Z');

export async function createTestBus(given: TestBusOptions = {}): Promise<TestBus> {
  const store = given.store ?? withShorthands(createMemoryDriver());
  const clock = given.clock ?? createFakeClock(NOON);
  const log = createKeptLog();
  const fake = given.withoutLta ? undefined : await startFakeLta({ clock });
  const config = loadConfig({
    ...(fake && { LTA_ACCOUNT_KEY: fake.key, LTA_BASE_URL: fake.url }),
    ...given.settings,
  });
  const lta = openLta(config, { clock, ids: systemIds, log });
  const runtime: Runtime = {
    config,
    store,
    queue: {} as Queue,
    log,
    clock,
    ids: systemIds,
    leases: () => Promise.reject(new Error('bus holds no lease')),
    lta: () => Promise.resolve(lta),
    blobs: () => Promise.reject(new Error('it keeps no blobs')),
    google: () => Promise.reject(new Error('it asks Google nothing')),
    prefix: given.prefix ?? '/bus',
  };
  const instance = await createBus(runtime);
  if (instance.kind !== 'http') throw new Error('bus is an http function');
  return {
    ask: createAsk((request) => instance.fetch(request)),
    instance,
    store,
    clock,
    log,
    get lta() {
      if (!fake) throw new Error('this test has asked for no LTA');
      return fake;
    },
    async [Symbol.asyncDispose]() {
      instance.endStreams?.();
      await fake?.close();
    },
  };
}

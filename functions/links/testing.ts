/** The function as tests call it: on a store in memory and a clock that stands still. */
import { systemClock } from '#shared/clock.ts';
import { loadConfig } from '#shared/config.ts';
import type { Runtime } from '#shared/define.ts';
import { type Ids, systemIds } from '#shared/ids.ts';
import type { Queue } from '#shared/queue/queue.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import type { Store } from '#shared/store/store.ts';
import { createFakeClock, type FakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog, type KeptLog } from '#shared/testing/kept-log.ts';
import createLinks from './index.ts';

const ADMIN_KEY = 'admin-key-of-the-tests';

export interface Reply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into any answer
  body: any;
}

export interface TestApp {
  store: Store;
  clock: FakeClock;
  log: KeptLog;
  /** `GET /v1/domains`; a body goes as JSON, with the admin key unless headers say otherwise. */
  ask(line: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
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
    prefix: given.prefix ?? '/links',
  };
  const instance = await createLinks(runtime);
  if (instance.kind !== 'http') throw new Error('links is an http function');
  return {
    store,
    clock,
    log,
    async ask(line, body, headers = {}) {
      const [method = '', path = ''] = line.split(' ');
      const request = new Request(`http://console.example${path}`, {
        method,
        headers: {
          Authorization: `Bearer ${ADMIN_KEY}`,
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const answer = await instance.fetch(request);
      const text = await answer.text();
      const json = /json/.test(answer.headers.get('Content-Type') ?? '');
      return { status: answer.status, headers: answer.headers, body: json ? JSON.parse(text) : text };
    },
  };
}

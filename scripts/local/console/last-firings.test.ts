import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';
import { loadConfig } from '#shared/config.ts';
import type { Runtime } from '#shared/define.ts';
import { systemIds } from '#shared/ids.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import { forgetRecent, keepInvocation } from '#shared/telemetry/recent.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { createConsole } from '../console.ts';
import type { Overview } from './overview.ts';

guardAgainstLeaks();
afterEach(forgetRecent);

const KEY = 'test-admin-key-0123456789';
const NOW = Date.parse('2026-01-01T12:00:30Z');

/** The console of two schedules, whose other parts cannot be had. */
function openConsole() {
  const runtime = {
    config: loadConfig({ HAWKER_ADMIN_KEY: KEY }),
    ...{ store: withShorthands(createMemoryDriver()), queue: {}, ids: systemIds },
    ...{ log: createKeptLog(), clock: createFakeClock(NOW) },
    leases: () => Promise.reject(new Error('there are none here')),
  } as unknown as Runtime;
  const rows = MANIFEST.filter(({ name }) => name === 'outbox-relay' || name === 'bus-sync');
  const { fetch } = createConsole({ rows, running: new Map(), runtime, basePath: '' });
  return async (): Promise<Record<string, string | undefined>> => {
    const asked = new Request('http://localhost/console/v1/overview', { headers: { Authorization: `Bearer ${KEY}` } });
    const answer = await fetch(asked, {} as Parameters<typeof fetch>[1]);
    assert.equal(answer.status, 200, await answer.clone().text());
    const { schedules } = (await answer.json()) as Overview;
    return Object.fromEntries(
      (schedules.value ?? []).map(({ name, last }) => [name, last && `${last.state} ${last.firing}`]),
    );
  };
}

const idle = (name: string, firing: string) =>
  keepInvocation(
    { kind: 'firing', function: name, name, outcome: 'idle', ms: 1, at: Date.parse(firing), requestId: firing },
    false,
  );

describe('the last firing of a schedule', () => {
  it('is known for as long as the process lives, however many requests and other firings come after it', async () => {
    const read = openConsole();
    idle('bus-sync', '2026-01-01T11:17:00Z');
    for (let n = 0; n < 1_000; n++) {
      const request = { kind: 'request', function: 'links', name: 'GET /', outcome: 'ok', status: 200 } as const;
      keepInvocation({ ...request, ms: 1, at: NOW, requestId: `${n}` }, false);
      idle('outbox-relay', '2026-01-01T12:00:00Z');
    }
    assert.deepEqual(await read(), {
      'bus-sync': 'idle 2026-01-01T11:17:00Z',
      'outbox-relay': 'idle 2026-01-01T12:00:00Z',
    });
  });

  it('gives way to the next one, and to none of a function that is no schedule here', async () => {
    const read = openConsole();
    idle('bus-sync', '2026-01-01T10:17:00Z');
    idle('bus-sync', '2026-01-01T11:17:00Z');
    idle('slides-sweep', '2026-01-01T12:00:00Z');
    assert.deepEqual(await read(), { 'bus-sync': 'idle 2026-01-01T11:17:00Z', 'outbox-relay': undefined });
  });
});

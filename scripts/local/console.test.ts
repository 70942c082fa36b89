import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { loadConfig } from '#shared/config.ts';
import type { FunctionInstance, Runtime } from '#shared/define.ts';
import { systemIds } from '#shared/ids.ts';
import { fetchListener } from '#shared/serve/fetch-listener.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { createConsole } from './console.ts';

guardAgainstLeaks();

/** A function that answers which request it got. */
const echo: FunctionInstance = {
  kind: 'http',
  fetch: async (request) => {
    const { pathname, search } = new URL(request.url);
    return new Response(`${request.method} ${pathname}${search} ${await request.text()}`, {
      headers: { 'X-Request-Id': 'inner' },
    });
  },
};

async function serveConsole(basePath: string, running = new Map([['bus', echo]])) {
  const log = createKeptLog();
  const runtime = { config: loadConfig({}), log, clock: createFakeClock(), ids: systemIds } as unknown as Runtime;
  const app = createConsole({ rows: [], running, runtime, basePath });
  const server = createServer(fetchListener((request) => app.fetch(request)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    async ask(path: string, init: RequestInit = {}) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, init);
      return `${answer.status} ${await answer.text()}`;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('the console host', () => {
  const SEED = '/api/lta-datamall/v1/bus-arrival';

  it('hands the address that callers of the compact form know to bus, with a base path and without', async () => {
    for (const basePath of ['', '/hawker']) {
      await using site = await serveConsole(basePath);
      for (const base of new Set(['', basePath])) {
        assert.equal(await site.ask(`${base}${SEED}?bus-stop-id=99%3999`), `200 GET ${SEED}?bus-stop-id=99%3999 `);
        assert.equal(await site.ask(`${base}${SEED}`, { method: 'POST', body: 'x' }), `200 POST ${SEED} x`);
        assert.equal(await site.ask(`${base}/api/lta-datamall/v1/healthz`), '200 GET /api/lta-datamall/v1/healthz ');
      }
      assert.match(await site.ask('/api/other'), /^404 /);
      assert.match(await site.ask('/other/api/lta-datamall/v1/healthz'), /^404 /);
    }
  });

  it('serves bus below its own prefix as well', async () => {
    await using site = await serveConsole('/hawker');
    assert.equal(await site.ask(`/hawker/bus${SEED}?a=1`), `200 GET ${SEED}?a=1 `);
    assert.equal(await site.ask('/hawker/bus?q=a'), '200 GET /?q=a ', 'a missing slash loses no query');
  });

  it('has no such address where bus does not run', async () => {
    await using site = await serveConsole('', new Map());
    assert.match(await site.ask(SEED), /^404 /);
  });
});

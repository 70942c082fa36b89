import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';
import { systemClock } from '#shared/clock.ts';
import { loadConfig, SETTINGS } from '#shared/config.ts';
import { type CreateFunction, subscriptionsOf } from '#shared/define.ts';
import { systemIds } from '#shared/ids.ts';
import { openRuntime } from '#shared/runtime.ts';
import { fetchListener } from '#shared/serve/fetch-listener.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { rowsOf } from '../manifests.ts';
import { envOf, probedPath } from './pod.ts';
import { ASKED } from './testing.ts';

describe("a function's pod", () => {
  for (const row of MANIFEST.filter(({ trigger }) => trigger.type === 'http'))
    it(`is asked for what ${row.name} answers, whatever the host`, async (t) => {
      const data = mkdtempSync(join(tmpdir(), 'hawker-'));
      const runtime = await openRuntime({
        ...{ config: loadConfig({ HAWKER_DATA: data }), log: createKeptLog(), clock: systemClock, ids: systemIds },
        ...{ subscriptions: subscriptionsOf(MANIFEST), prefix: '' },
      });
      const { default: create } = (await import(`../../../functions/${row.name}/index.ts`)) as {
        default: CreateFunction;
      };
      const instance = await create(runtime);
      const listener: RequestListener =
        instance.kind === 'listener'
          ? instance.listener
          : fetchListener((request, from) =>
              instance.kind === 'http' ? instance.fetch(request, from) : assert.fail(),
            );
      const server = createServer(listener).listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.after(async () => {
        server.closeAllConnections();
        server.close();
        await instance.drain?.(1_000);
        await runtime.close(1_000);
        rmSync(data, { recursive: true });
      });
      const { port } = server.address() as AddressInfo;
      const answer = await fetch(`http://127.0.0.1:${port}${probedPath(row)}`, { signal: AbortSignal.timeout(20_000) });
      await answer.arrayBuffer();
      assert.equal(answer.status, 200);
    });

  for (const row of rowsOf(ASKED))
    it(`tells ${row.name} nothing that its row does not name, and nothing that it would refuse`, () => {
      const env = envOf(row, ASKED);
      const common = ['PORT', 'HAWKER_STORE', 'HAWKER_QUEUE', 'GOOGLE_CLOUD_PROJECT'];
      const named: readonly string[] = [...common, ...row.settings, ...(ASKED.databases?.variables ?? [])];
      for (const { name } of env) assert.ok(named.includes(name), name);
      assert.equal(new Set(env.map(({ name }) => name)).size, env.length);
      const values = env.flatMap(({ name, value }) =>
        value === undefined || !(name in SETTINGS) ? [] : [[name, value]],
      );
      assert.doesNotThrow(() =>
        loadConfig({ ...(Object.fromEntries(values) as Record<string, string>), KUBERNETES_SERVICE_HOST: '10.0.0.1' }),
      );
    });
});

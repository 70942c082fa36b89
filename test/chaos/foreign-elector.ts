/** An elector like client-go's that contends beside Hawker's own in a chaos run, and writes down when it led. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { systemClock } from '#shared/clock.ts';
import { createClientGoElector, type ForeignLease } from '#shared/testing/client-go-elector.ts';
import type { Dice } from '../../scripts/lease/chaos/dice.ts';
import { openWitness, sharedMono } from '../../scripts/lease/chaos/evidence.ts';

const LEASES = '/apis/coordination.k8s.io/v1/namespaces';

interface Options {
  identity: string;
  name: string;
  durationMs: number;
  /** Of the API server, with the folder of the service account. */
  server: { port: string; folder: string; namespace: string };
  /** For what it writes down. */
  folder: string;
  dice: Dice;
}

export interface ForeignElector {
  /** How often it has come to lead. */
  readonly reigns: number;
  stop(): Promise<void>;
}

export function startForeignElector({ identity, name, durationMs, server, folder, dice }: Options): ForeignElector {
  const witness = openWitness(join(folder, `${identity}.jsonl`));
  let token = 0;
  const elector = createClientGoElector({
    name,
    identity,
    clock: systemClock,
    durationMs,
    renewDeadlineMs: durationMs * 0.6,
    retryMs: durationMs * 0.1,
    async client(method, object) {
      const path = `${LEASES}/${server.namespace}/leases${method === 'POST' ? '' : `/${name}`}`;
      const lease = await ask(server, method, path, object, durationMs / 4);
      if (method !== 'GET') token = Number(lease.metadata['resourceVersion']);
      return lease;
    },
  });
  let reigns = 0;
  let ledUntil: number | undefined;
  let stopped = false;

  /** Like a worker's, but that it has no token to show to anybody: its first write's version stands in for one. */
  const look = (asked: number) => {
    const at = sharedMono();
    if (!elector.leads()) {
      ledUntil = undefined;
      return;
    }
    if (ledUntil === undefined) {
      reigns++;
      ledUntil = at + dice.between(0, durationMs);
      witness.write({ kind: 'held', hold: reigns, token, identity, asked, resumed: false });
    }
    witness.write({ kind: 'counts', hold: reigns, from: at, to: sharedMono(), until: at });
  };

  const done = (async () => {
    while (!stopped) {
      const asked = sharedMono();
      await elector.act();
      look(asked);
      if (ledUntil !== undefined && sharedMono() > ledUntil) {
        witness.write({ kind: 'over', hold: reigns, at: sharedMono(), how: 'released' });
        ledUntil = undefined;
        await elector.release();
        await systemClock.sleep(dice.between(0, durationMs));
      }
      await systemClock.sleep(20);
    }
    await elector.release();
  })();

  return {
    get reigns() {
      return reigns;
    },
    async stop() {
      stopped = true;
      await done;
    },
  };
}

function ask(
  { port, folder }: Options['server'],
  method: string,
  path: string,
  object: object | undefined,
  timeoutMs: number,
): Promise<ForeignLease> {
  return new Promise((resolve, reject) => {
    const headers = {
      Authorization: `Bearer ${readFileSync(join(folder, 'token'), 'utf8').trim()}`,
      'Content-Type': 'application/json',
    };
    const ca = readFileSync(join(folder, 'ca.crt'));
    const signal = AbortSignal.timeout(timeoutMs);
    request({ host: '127.0.0.1', port, path, method, headers, ca, agent: false, signal }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0 } = response;
        if (status < 300) resolve(JSON.parse(body) as ForeignLease);
        else reject(Object.assign(new Error(`${method} ${path}: ${status}`), { status }));
      });
    })
      .on('error', reject)
      .end(object && JSON.stringify(object));
  });
}

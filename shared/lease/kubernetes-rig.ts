/** Leases over the fake API server, for tests: records as a pod would open them, and what an operator sees of them. */
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { createKeptLog, type KeptLog } from '../testing/kept-log.ts';
import { type KubernetesApiServer, startKubernetesApiServer } from '../testing/kubernetes-api-server.ts';
import { openKubernetesRecords } from './kubernetes-records.ts';
import type { LeaseRecord } from './record.ts';
import type { LeaseRecords } from './records.ts';

export interface KubernetesRig {
  server: KubernetesApiServer;
  store: Store;
  records: LeaseRecords;
  log: KeptLog;
  /** Records of another pod of the same namespace; closed with the rig. */
  another(): Promise<LeaseRecords>;
  spec(name: string): Record<string, unknown>;
  close(): Promise<void>;
}

export async function createKubernetesRig({
  clock = systemClock,
  host = '127.0.0.1',
}: {
  clock?: Clock;
  host?: string;
} = {}): Promise<KubernetesRig> {
  const server = await startKubernetesApiServer(host.replaceAll(/[[\]]/g, ''));
  const store = withShorthands(createMemoryDriver());
  const log = createKeptLog();
  const opened: LeaseRecords[] = [];
  const another = async () => {
    const { port, folder } = server;
    const records = await openKubernetesRecords({ host, port, store, clock, log, folder });
    opened.push(records);
    return records;
  };
  return {
    server,
    store,
    records: await another(),
    log,
    another,
    spec: (name) => server.leases.get(server.namespace, name).spec,
    async close() {
      for (const records of opened) await records.close();
      await server.close();
    },
  };
}

export function aTerm(given: Partial<LeaseRecord> = {}): LeaseRecord {
  return {
    holder: 'pod-1_x1',
    nonce: 'nonce-1',
    durationMs: 15_000,
    renewals: 0,
    term: 1,
    since: '2026-01-02T03:04:05.678Z',
    ...given,
  };
}

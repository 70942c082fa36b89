/** Opens the leases that the settings name. */
import { hostname } from 'node:os';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import type { Leases } from './lease.ts';
import { createLeases } from './leases.ts';
import type { LeaseRecords } from './records.ts';
import { watchRecords } from './watch-records.ts';

export interface LeaseParts {
  /** Keeps the records outside Kubernetes, the history, and what `fenced` commits. */
  store: Store;
  clock: Clock;
  ids: Ids;
  log: Log;
}

export async function openLeases(config: Config, parts: LeaseParts): Promise<Leases> {
  const records = watchRecords(await openRecords(config, parts), () => parts.clock.mono());
  return createLeases({ ...parts, records, host: hostname() });
}

async function openRecords(config: Config, parts: LeaseParts): Promise<LeaseRecords> {
  const { HAWKER_LEASES = config.kubernetes ? 'kubernetes' : 'store' } = config;
  if (HAWKER_LEASES === 'kubernetes' && config.kubernetes) {
    const { openKubernetesRecords } = await import('./kubernetes-records.ts');
    return openKubernetesRecords({ ...config.kubernetes, ...parts });
  }
  const { createStoreRecords } = await import('./store-records.ts');
  return createStoreRecords(parts.store, config.HAWKER_STORE === 'firestore' ? 'Firestore' : 'SQLite');
}

/** Opens what every function is given, as the settings say, and closes it again. */
import { join } from 'node:path';
import type { Blobs } from './blobs/blobs.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import type { Runtime } from './define.ts';
import type { Google } from './google/google.ts';
import type { Ids } from './ids.ts';
import type { Leases } from './lease/lease.ts';
import type { Log } from './log.ts';
import type { Lta } from './lta/lta.ts';
import { openQueue } from './queue/index.ts';
import type { SubscriptionSpec } from './queue/queue.ts';
import { type Database, openDatabase } from './sqlite/database.ts';
import { openStore } from './store/index.ts';

export interface RuntimeOptions {
  config: Config;
  log: Log;
  clock: Clock;
  ids: Ids;
  subscriptions: readonly SubscriptionSpec[];
  /** The path under which this function is served, without a trailing slash; '' at the root. */
  prefix: string;
}

export interface OpenRuntime extends Runtime {
  /** Makes durable what the queue still holds and closes everything, within `withinMs`. Logs how many events were lost, if any. */
  close(withinMs: number): Promise<void>;
}

export async function openRuntime(options: RuntimeOptions): Promise<OpenRuntime> {
  const { config, log, clock, ids, subscriptions, prefix } = options;
  let opened: Database | undefined;
  const database = () => {
    opened ??= openDatabase(join(config.HAWKER_DATA, 'hawker.db'));
    return opened;
  };
  const [store, queue] = await Promise.all([
    openStore(config, { clock, ids, database }),
    openQueue(config, { clock, ids, log, database, subscriptions }),
  ]);
  let leases: Promise<Leases> | undefined;
  const openOnce = () => {
    leases ??= import('./lease/index.ts')
      .then(({ openLeases }) => openLeases(config, { store, clock, ids, log }))
      .catch((error: unknown) => {
        // What stood in the way, such as a missing service account, may be there for the next who asks.
        leases = undefined;
        throw error;
      });
    return leases;
  };
  let lta: Promise<Lta> | undefined;
  let google: Promise<Google> | undefined;
  const openGoogle = () => {
    google ??= import('./google/index.ts').then((made) => made.openGoogle(config, { clock, ids, log }));
    return google;
  };
  let blobs: Promise<Blobs> | undefined;
  return {
    config,
    store,
    queue,
    leases: openOnce,
    lta: () => {
      lta ??= import('./lta/index.ts').then(({ openLta }) => openLta(config, { clock, ids, log }));
      return lta;
    },
    google: openGoogle,
    blobs: () => {
      blobs ??= import('./blobs/index.ts').then(({ openBlobs }) =>
        openBlobs(config, { google: openGoogle, clock, ids }),
      );
      return blobs;
    },
    log,
    clock,
    ids,
    prefix,
    async close(withinMs) {
      const led = await leases?.catch(() => undefined);
      await led?.close(withinMs / 2);
      const lost = await queue.close(withinMs);
      if (lost > 0) log.error('events could not be made durable and are lost', { events: lost });
      await store.close();
      opened?.close();
    },
  };
}

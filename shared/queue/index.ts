/** Opens the queue that the settings name. Each driver is loaded only where it is used. */
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Database } from '../sqlite/database.ts';
import { observedQueue } from './observed.ts';
import type { Queue, SubscriptionSpec } from './queue.ts';

export interface QueueOptions {
  clock: Clock;
  ids: Ids;
  log: Log;
  /** The embedded file, opened when first asked for; the queue does not close it. */
  database: () => Database;
  /** All of the bundle's, whichever process consumes them: what is published must reach each. */
  subscriptions: readonly SubscriptionSpec[];
}

export async function openQueue(
  config: Pick<Config, 'HAWKER_QUEUE' | 'GOOGLE_CLOUD_PROJECT' | 'PUBSUB_EMULATOR_HOST'>,
  { database, ...options }: QueueOptions,
): Promise<Queue> {
  if (config.HAWKER_QUEUE === 'pubsub') {
    const { openPubsubQueue } = await import('./pubsub.ts');
    return observedQueue(openPubsubQueue({ ...options, config }), 'gcp_pubsub');
  }
  const { openEmbeddedQueue } = await import('./embedded.ts');
  return observedQueue(openEmbeddedQueue({ ...options, database: database() }), 'hawker_embedded');
}

/** Opens the queue that the settings name, for a command: nothing but it, and no data where there is none. */
import { systemClock } from '#shared/clock.ts';
import { systemIds } from '#shared/ids.ts';
import { openQueue } from '#shared/queue/index.ts';
import type { Queue, SubscriptionSpec } from '#shared/queue/queue.ts';
import { openWorkplace } from '../command/workplace.ts';

const CLOSE_MS = 3_000;

/** Closed with the scope: `await using`. Throws ConfigError and AppError. */
export async function openConfigured(
  subscriptions: readonly SubscriptionSpec[],
): Promise<{ queue: Queue } & AsyncDisposable> {
  const { config, log, database, close } = openWorkplace('queue', 'needed');
  const queue = await openQueue(config, { clock: systemClock, ids: systemIds, log, subscriptions, database });
  return {
    queue,
    async [Symbol.asyncDispose]() {
      await queue.close(CLOSE_MS);
      close();
    },
  };
}

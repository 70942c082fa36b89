/**
 * A relay in a process of its own, for tests: `node outbox-process.ts <settings as JSON> <spec as JSON> <SIGKILL|SIGSTOP|-> <after>`. It relays for as
 * long as it lives, under a lease that stands for a second, and tells its parent each id it has published and each term it has lost. Right after
 * that many publications, before it can delete any of the last, it sends itself the signal.
 */
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config.ts';
import { isAppError, isRetryable } from '../errors.ts';
import { systemIds } from '../ids.ts';
import type { Held } from '../lease/lease.ts';
import type { Queue, SubscriptionSpec } from '../queue/queue.ts';
import { openRuntime } from '../runtime.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { relayOutbox } from './outbox-relay.ts';

const [, , settings = '', spec = '', signal = '-', after = '0'] = process.argv;
const { store, queue, leases, ...common } = await openRuntime({
  config: loadConfig(JSON.parse(settings) as Record<string, string>),
  subscriptions: [JSON.parse(spec) as SubscriptionSpec],
  clock: systemClock,
  ids: systemIds,
  log: createKeptLog(),
  prefix: '',
});
const tell = (message: string) => new Promise((resolve) => process.send?.(message, resolve));

let published = 0;
const watched: Pick<Queue, 'publish'> = {
  async publish(topic, event, options) {
    await queue.publish(topic, event, options);
    await tell(event.id);
    if (++published === Number(after) && signal !== '-') process.kill(process.pid, signal);
  },
};

/** Until the term is over. */
async function relay(held: Held): Promise<void> {
  for (;;) {
    await relayOutbox({ ...common, store, queue: watched, held, signal: held.signal });
    held.assert();
    await systemClock.sleep(20);
  }
}

const lease = (await leases()).lease('outbox-relay', { durationMs: 1_000 });
for (;;) {
  try {
    await using held = await lease.acquire({ wait: 60_000 });
    await relay(held);
  } catch (error) {
    // A busy machine's emulator may not answer in time.
    if (!isRetryable(error)) throw error;
    if (isAppError(error, 'lease_lost')) await tell('lost');
  }
}

/** One firing: what the outbox holds now, and what is added meanwhile, until nothing is left or the time is over. */
import type { Runtime, ScheduleFunction } from '#shared/define.ts';
import { relayOutbox } from '#shared/events/outbox-relay.ts';

export function createRelay(
  runtime: Pick<Runtime, 'store' | 'queue' | 'clock' | 'ids' | 'log'>,
): ScheduleFunction['run'] {
  const { store, queue, clock, ids, log } = runtime;
  return async ({ held, signal }) => {
    const relayed = await relayOutbox({ store, queue, clock, ids, log, held, signal });
    // Most firings find nothing, and an empty outbox is no news.
    if (relayed.published + relayed.dead > 0) log.info('the outbox was relayed', { ...relayed });
    return [];
  };
}

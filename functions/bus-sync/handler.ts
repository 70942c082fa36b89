/** When the lists are fetched, and what is said about it. */
import { readCurrent } from '#shared/bus/list-records.ts';
import { describeLoaded } from '#shared/bus/publish.ts';
import { prepareSync } from '#shared/bus/pull-lists.ts';
import type { Runtime, ScheduleFunction } from '#shared/define.ts';
import { AppError, isRetryable, messageOf } from '#shared/errors.ts';

/** Less than a day, so that a firing that failed does not move the hour for good. */
const FRESH_MS = 20 * 3_600_000;

type SyncRuntime = Pick<Runtime, 'config' | 'store' | 'clock' | 'ids' | 'log' | 'lta'>;

export function createSync({
  config,
  store,
  clock,
  ids,
  log,
  lta,
}: SyncRuntime): Required<Omit<ScheduleFunction, 'kind' | 'drain'>> {
  const hasKey = config.LTA_ACCOUNT_KEY !== undefined;
  const checkedAt = async () => (await readCurrent(store))?.value.checkedAt;

  return {
    async idle() {
      if (!hasKey) return true;
      const last = await checkedAt();
      // A time to come is that of a clock that was wrong.
      return last !== undefined && Math.abs(clock.now() - Date.parse(last)) < FRESH_MS;
    },

    async dueAtStart() {
      return hasKey && (await checkedAt()) === undefined;
    },

    async run({ signal }) {
      const { client } = await lta();
      if (!client) throw new AppError('not_configured', 'LTA_ACCOUNT_KEY is not set');
      log.info('the bus lists are being fetched');
      try {
        const callsPerMinute = config.LTA_CALLS_PER_MINUTE;
        const publication = await prepareSync({ client, store, clock, ids, callsPerMinute, signal });
        const { version, changed, loaded, kept, writes } = publication;
        for (const { list, reason } of kept) log.warn('a bus list stays as it is', { list, reason });
        log.info(changed ? 'new bus lists were fetched' : 'the bus lists have not changed', {
          version,
          lists: loaded.map(describeLoaded),
        });
        return writes;
      } catch (error) {
        if (!isRetryable(error)) log.warn('the bus lists stay as they are', { reason: messageOf(error) });
        throw error;
      }
    },
  };
}

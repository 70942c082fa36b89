/**
 * Brings the lists of stops, services and routes up to date with LTA DataMall.
 *
 * Trigger: schedule, every hour; all but one firing a day find that the lists were fetched less than 20 hours ago and do nothing. Where there is a key and LTA's lists
 *   were never had, it also fires as the process starts. A firing that comes while the one before still runs is skipped.
 * Input: BusStops, BusServices, BusRoutes and PlannedBusRoutes of DataMall, some 70 pages; without LTA_ACCOUNT_KEY nothing happens.
 * Store: reads and writes `bus-lists` (shared/bus/list-records.ts). Parts are written as the run goes on; the switch to them is committed with the end of the firing.
 * Idempotency: a part is named after what is in it, so repeating writes nothing twice; lists that have not changed only have the time of the check noted.
 * Failures: what LTA does not answer, or answers in a way that is in doubt, ends the firing as failed; the lists stay as they are and the next hour tries again. Trouble with
 *   the store is tried again as every firing is. Planned routes that cannot be had keep nobody from publishing the rest.
 */
import { defineFunction } from '#shared/define.ts';
import { createSync } from './handler.ts';

export default defineFunction((runtime) => ({ kind: 'schedule', ...createSync(runtime) }));

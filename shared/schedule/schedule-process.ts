/**
 * One process of several that serve the same schedule on one embedded file, for tests: `node schedule-process.ts <file> <start>`. Its wall clock was at
 * the start (milliseconds since the epoch) at that very moment and goes sixty times as fast, so that a minute is a second. It runs until it is killed.
 */
import { type Clock, systemClock } from '../clock.ts';
import { systemIds } from '../ids.ts';
import { createLeases } from '../lease/leases.ts';
import { createStoreRecords } from '../lease/store-records.ts';
import { openDatabase } from '../sqlite/database.ts';
import { withShorthands } from '../store/index.ts';
import { createSqliteDriver } from '../store/sqlite.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { runSchedule } from './embedded.ts';
import { createFirings } from './firings.ts';
import { effect, scheduledRow } from './rig.ts';

const SPEED = 60;

const [, , path = '', start = ''] = process.argv;
const clock = systemClock;
const fast: Clock = {
  ...clock,
  now: () => Number(start) + (clock.now() - Number(start)) * SPEED,
  sleep: (ms, signal) => clock.sleep(ms / SPEED, signal),
};
const log = createKeptLog();
const store = withShorthands(createSqliteDriver(openDatabase(path), clock));
const records = createStoreRecords(store, 'SQLite');
const leases = createLeases({ records, store, host: 'test', clock, ids: systemIds, log });
const row = scheduledRow({ cron: '* * * * *' });
const run = async ({ id }: { id: string }) => [effect(`${id} by ${process.pid}`)];
const firings = createFirings({ row, instance: { run }, store, leases: async () => leases, clock, log });
const handle: typeof firings.handle = async (firing, delivery) => {
  process.send?.(firing);
  return firings.handle(firing, delivery);
};
runSchedule({ row, firings: { ...firings, handle }, clock: fast, ids: systemIds, log });

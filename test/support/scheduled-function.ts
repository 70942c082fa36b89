/**
 * A schedule function served alone, as the build does it, for test/e2e/schedules.test.ts. It writes down each firing in `visits`; started with
 * `hold`, it goes on until it is told to end.
 */
import { systemClock } from '#shared/clock.ts';
import { scheduledRow } from '#shared/schedule/rig.ts';
import { serveFunction } from '#shared/serve/function-server.ts';

const row = scheduledRow({ cron: '* * * * *' });
await serveFunction(row, [], () => ({
  kind: 'schedule',
  async run({ id, signal }) {
    if (process.argv.includes('hold')) await systemClock.sleep(60_000, signal);
    return [{ op: 'create', collection: 'visits', id, value: { by: process.pid } }];
  },
})).main();

/**
 * Another process on the embedded file, for tests: `node lease-process.ts <file>`. Told `hold`, it waits for the lease and tells its parent `held`. Told
 * `write`, it adds its token to one document by a fenced write, tells `wrote` or `refused` with the token, and gives the lease back. `end` ends it.
 */
import { systemClock } from '../clock.ts';
import { isAppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { openDatabase } from '../sqlite/database.ts';
import { withShorthands } from '../store/index.ts';
import { createSqliteDriver } from '../store/sqlite.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import type { Held } from './lease.ts';
import { createLeases } from './leases.ts';
import { createStoreRecords } from './store-records.ts';

const [, , path = ''] = process.argv;
const database = openDatabase(path);
const store = withShorthands(createSqliteDriver(database, systemClock));
const records = createStoreRecords(store, 'SQLite');
const log = createKeptLog();
const leases = createLeases({ records, store, host: 'child', clock: systemClock, ids: systemIds, log });
const lease = leases.lease('shared', { durationMs: 1_000 });

let held: Held | undefined;

const orders: Record<string, () => Promise<void>> = {
  async hold() {
    held = await lease.acquire({ wait: 30_000 });
    process.send?.('held');
  },
  async write() {
    if (!held) return;
    const doc = await store.get<{ tokens: number[] }>('reigns', 'all');
    const tokens = [...(doc?.value.tokens ?? []), held.token];
    const at = { collection: 'reigns', id: 'all', value: { tokens } };
    const refused = await held
      .fenced([doc ? { op: 'replace', ...at, ifVersion: doc.version } : { op: 'create', ...at }])
      .then(() => false)
      .catch((error: unknown) => isAppError(error, 'lease_lost') || Promise.reject(error));
    await held.release();
    process.send?.(`${refused ? 'refused' : 'wrote'} ${held.token}`);
  },
  async end() {
    await leases.close(2_000);
    database.close();
    process.disconnect();
  },
};
process.on('message', (order) => void orders[String(order)]?.());

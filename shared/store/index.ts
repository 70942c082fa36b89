/** Opens the store that the settings name. Each driver is loaded only when it is the one: the embedded store never pays for the cloud's SDK. */
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Ids } from '../ids.ts';
import type { Database } from '../sqlite/database.ts';
import { observedStore } from './observed.ts';
import type { Store, StoreDriver } from './store.ts';

interface StoreParts {
  clock: Clock;
  ids: Ids;
  /** The embedded file; asked for only where HAWKER_STORE is `sqlite`. Whoever opened it closes it. */
  database: () => Database;
  /** How long a call to Firestore may take, in milliseconds; for tools that move much at a time. */
  timeoutMs?: number;
}

export async function openStore(config: Config, { clock, ids, database, timeoutMs }: StoreParts): Promise<Store> {
  if (config.HAWKER_STORE === 'sqlite') {
    const { createSqliteDriver } = await import('./sqlite.ts');
    return withShorthands(observedStore(createSqliteDriver(database(), clock), 'sqlite'));
  }
  const { createFirestoreDriver } = await import('./firestore.ts');
  const project = config.GOOGLE_CLOUD_PROJECT ?? '';
  const emulator = config.FIRESTORE_EMULATOR_HOST;
  const limit = timeoutMs === undefined ? {} : { timeoutMs };
  const driver = createFirestoreDriver({ project, emulator, clock, ids, ...limit });
  return withShorthands(observedStore(driver, 'gcp.firestore'));
}

/** The four single-document calls, made of the driver's own. */
export function withShorthands(driver: StoreDriver): Store {
  return {
    ...driver,
    async get<T>(collection: string, id: string) {
      const [doc] = await driver.getMany<T>(collection, [id]);
      return doc;
    },
    async create(collection, id, value, options) {
      const [version = ''] = await driver.commit([{ op: 'create', collection, id, value, ...options }]);
      return version;
    },
    async replace(collection, id, value, ifVersion, options) {
      const [version = ''] = await driver.commit([{ op: 'replace', collection, id, value, ifVersion, ...options }]);
      return version;
    },
    async delete(collection, id, ifVersion) {
      await driver.commit([{ op: 'delete', collection, id, ifVersion }]);
    },
  };
}

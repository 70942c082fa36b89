/** A store driver whose calls are steps of what calls it: https://opentelemetry.io/docs/specs/semconv/database/database-spans/ */
import { isAppError } from '../errors.ts';
import { observe, observing, type Step } from '../telemetry/observe.ts';
import type { StoreDriver, Write } from './store.ts';

export type StoreSystem = 'sqlite' | 'gcp.firestore' | 'memory';
type Operation = 'get' | 'list' | 'commit';

export function observedStore(driver: StoreDriver, system: StoreSystem): StoreDriver {
  const labels = (operation: Operation, collection: string) => ({
    'db.system.name': system,
    'db.operation.name': operation,
    'db.collection.name': collection,
  });

  /** `collection`: '' where there are several, of which the conventions want none named. No id is told: it may be a link, or a person. */
  const step = (operation: Operation, collection: string, count?: number): Step<'db.client.operation.duration'> => {
    const { 'db.collection.name': named, ...others } = labels(operation, collection);
    return {
      name: `store.${operation}`,
      kind: 'client',
      attributes: {
        ...others,
        ...(named && { 'db.collection.name': named }),
        ...(count !== undefined && count > 1 && { 'db.operation.batch.size': count }),
      },
      measures: { metric: 'db.client.operation.duration', labels: labels(operation, collection) },
      // Somebody was faster: an answer, which the caller has asked for.
      isFailure: (error) => !isAppError(error, 'conflict'),
    };
  };

  return {
    ...driver,
    getMany<T>(collection: string, ids: readonly string[]) {
      if (!observing()) return driver.getMany<T>(collection, ids);
      return observe(step('get', collection, ids.length), () => driver.getMany<T>(collection, ids));
    },
    list<T>(collection: string, options: Parameters<StoreDriver['list']>[1]) {
      if (!observing()) return driver.list<T>(collection, options);
      return observe(step('list', collection), async (span) => {
        const page = await driver.list<T>(collection, options);
        span?.setAttribute('db.response.returned_rows', page.docs.length);
        return page;
      });
    },
    commit(writes) {
      if (!observing()) return driver.commit(writes);
      return observe(step('commit', collectionOf(writes), writes.length), () => driver.commit(writes));
    },
  };
}

function collectionOf(writes: readonly Write[]): string {
  const collection = writes[0]?.collection ?? '';
  return writes.every((write) => write.collection === collection) ? collection : '';
}

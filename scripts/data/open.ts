/** Opens the store that the settings name, for moving all of it. */
import { systemClock } from '#shared/clock.ts';
import { isAppError } from '#shared/errors.ts';
import { systemIds } from '#shared/ids.ts';
import { openStore } from '#shared/store/index.ts';
import type { Store } from '#shared/store/store.ts';
import { openWorkplace } from '../command/workplace.ts';
import { queueLeft, unknownLeft, warningsOf } from './queue-left.ts';

/** A page is larger than what a request reads. */
const TIMEOUT_MS = 15_000;

export interface OpenedStore extends AsyncDisposable {
  store: Store;
  /** Names it in files. */
  name: string;
  /** Lets all reads from now on see the store as it is now. False where it cannot. */
  holdMoment(): boolean;
  /** What of this installation does not move where `moved` are the collections that do, line by line. */
  warnings(moved: readonly string[]): string[];
}

/** `data` as for openWorkplace. Throws ConfigError and AppError. */
export async function openMovable(data: 'made' | 'needed'): Promise<OpenedStore> {
  const { config, database, close } = openWorkplace('data', data);
  const embedded = config.HAWKER_STORE === 'sqlite';
  const parts = { clock: systemClock, ids: systemIds, database, timeoutMs: TIMEOUT_MS };
  const store = await openStore(config, parts);
  return {
    store,
    name: embedded ? `sqlite ${config.HAWKER_DATA}` : `firestore ${config.GOOGLE_CLOUD_PROJECT ?? ''}`,
    holdMoment() {
      // Others go on writing; closing the file ends it.
      if (embedded) database().run('BEGIN');
      return embedded;
    },
    warnings(moved) {
      const unknown = embedded ? unknownLeft(database(), moved) : [];
      if (config.HAWKER_QUEUE !== 'embedded')
        return [
          ...unknown,
          'events that wait in Pub/Sub do not move: its subscriptions keep them, and so do the dead letters',
        ];
      try {
        return [...unknown, ...warningsOf(queueLeft(database()))];
      } catch (error) {
        if (isAppError(error, 'not_found')) return [];
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      close();
    },
  };
}

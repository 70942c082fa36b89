/** Lets in those who hold a good address: the side of `slides-images`. */
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import { type Doc, docId, type Store } from '../store/store.ts';
import {
  FETCHES,
  FETCHES_KEPT_MS,
  type FetchRecord,
  GRANTS,
  type GrantRecord,
  grantHash,
  keptUntil,
} from './grant-record.ts';
import type { Granted, GrantReader, Visit } from './grants.ts';
import { createTokenReader } from './image-keys.ts';

const MOST_CHARACTERS = 300;

/**
 * Throws what the store throws, for addresses alone that were made here and are not over: all others get the same answer whether the store is there or not.
 * The end of an address is compared with this machine's clock, so it comes as much later as that runs behind the clock of whoever opened it. What ends a grant for
 * certain is its closing, which no clock decides.
 */
export function createGrantReader(parts: {
  store: Store;
  config: Config;
  clock: Clock;
  ids: Ids;
  log: Log;
}): GrantReader {
  const { store, clock, ids, log } = parts;
  const read = createTokenReader(parts);

  const find = async (text: string): Promise<Doc<GrantRecord> | undefined> => {
    const token = await read(text);
    if (!token || clock.now() >= token.expiresAt) return undefined;
    const found = await store.get<GrantRecord>(GRANTS, token.grant);
    // Time has passed while the store was asked.
    if (!found || clock.now() >= token.expiresAt) return undefined;
    const { job, image, sha256, gets, mostGets } = found.value;
    return token.isOf(job, image) && token.isOfBytes(sha256) && gets < mostGets ? found : undefined;
  };

  return {
    look: async (text) => grantedBy((await find(text))?.value),
    async take(text, visit) {
      // Another GET may come in between as often as the grant has GETs, and the closing once.
      let attempts = Number.POSITIVE_INFINITY;
      for (let attempt = 1; attempt <= attempts; attempt++) {
        const found = await find(text);
        if (!found) return undefined;
        attempts = found.value.mostGets + 2;
        const { id, version } = found;
        const value = { ...found.value, gets: found.value.gets + 1 };
        const now = clock.now();
        const record = fetchOf(id, value, visit, now);
        const kept = new Date(now + FETCHES_KEPT_MS);
        try {
          await store.commit([
            { op: 'replace', collection: GRANTS, id, value, ifVersion: version, expireAt: keptUntil(value.expiresAt) },
            {
              op: 'create',
              collection: FETCHES,
              id: docId(record.job, record.at, ids.unique()),
              value: record,
              expireAt: kept,
            },
          ]);
        } catch (error) {
          if (!isAppError(error, 'conflict')) throw error;
          continue;
        }
        log.info('an image is fetched', { ...record });
        return grantedBy(value);
      }
      throw new AppError('unavailable', 'Too many ask for the same image at once');
    },
  };
}

function grantedBy(record: GrantRecord | undefined): Granted | undefined {
  if (!record) return undefined;
  const { job, image, type, size, blob, sha256 } = record;
  return { job, image, type, size, blob, sha256 };
}

function fetchOf(id: string, { job, image, gets }: GrantRecord, visit: Visit, now: number): FetchRecord {
  const [userAgent, address] = [visit.userAgent, visit.address].map(tidy) as [string, string];
  return { job, image, at: new Date(now).toISOString(), userAgent, address, gets, grant: grantHash(id) };
}

/** What comes from outside may be of any length, and hold what makes a terminal do things. */
function tidy(text: string): string {
  return text
    .replaceAll(/\p{Cc}/gu, '')
    .slice(0, MOST_CHARACTERS)
    .toWellFormed();
}

/** Opens grants and closes them: the side of those who send addresses to Google. */
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { AppError, isAppError, isRetryable } from '../errors.ts';
import type { Ids } from '../ids.ts';
import { retry } from '../retry.ts';
import type { Doc, Store } from '../store/store.ts';
import { GRANTS, type GrantRecord, keptUntil } from './grant-record.ts';
import { GRANT_MS, type Grants, MOST_GETS, type NewGrant } from './grants.ts';
import { createImageKeys } from './image-keys.ts';
import { makeToken, readToken } from './token.ts';

/** Slides takes addresses of 2 kB. */
const MOST_CHARACTERS = 2_000;
const PATH = '/slides-images';
/** Each GET that comes in between costs an attempt; there are some at the most when the batch has been answered. A store that does not answer gets fewer. */
const CLOSE_ATTEMPTS = 20;
const MOST_FAILURES = 5;

export function createGrants(parts: { store: Store; config: Config; clock: Clock; ids: Ids }): Grants {
  const { store, config, clock, ids } = parts;
  const keys = createImageKeys(parts);

  const addressOf = async (grant: NewGrant, id: string, expiresAt: number): Promise<string> => {
    const base = baseOf(config);
    const [key] = await keys();
    const address = `${base}/${makeToken(key, { ...grant, grant: id, expiresAt })}`;
    if (address.length > MOST_CHARACTERS)
      throw new AppError(
        'not_configured',
        `HAWKER_PUBLIC_URL makes addresses of more than ${MOST_CHARACTERS} characters`,
      );
    return address;
  };

  return {
    async open(grant) {
      const id = ids.secret(16);
      const expiresAt = wholeSeconds(clock.now() + GRANT_MS);
      const address = await addressOf(grant, id, expiresAt);
      const { job, image, blob, sha256, type, size, uses } = grant;
      const until = new Date(expiresAt).toISOString();
      const use = { gets: 0, mostGets: MOST_GETS * uses, expiresAt: until };
      const record: GrantRecord = { job, image, blob, sha256, type, size, ...use };
      await store.create(GRANTS, id, record, { expireAt: keptUntil(until) });
      return { id, address };
    },
    // Over already, and no document is behind it.
    pretend: (grant) => addressOf(grant, ids.secret(16), wholeSeconds(clock.now())),
    async close(id) {
      let last: Doc<GrantRecord> | undefined;
      let failures = 0;
      const isWorthIt = (error: unknown) =>
        isAppError(error, 'conflict') || (isRetryable(error) && ++failures < MOST_FAILURES);
      await retry(
        async () => {
          const found = await store.get<GrantRecord>(GRANTS, id);
          if (!found) return;
          last = found;
          await store.delete(GRANTS, id, found.version);
        },
        { clock, ids, attempts: CLOSE_ATTEMPTS, baseMs: 50, maxMs: 500, when: isWorthIt },
      );
      return last?.value.gets ?? 0;
    },
    async isFor(address, job, image) {
      const token = readToken(await keys(), address.slice(address.lastIndexOf('/') + 1));
      return token?.isOf(job, image) ?? false;
    },
  };
}

function baseOf({ HAWKER_PUBLIC_URL: base }: Config): string {
  if (base === undefined)
    throw new AppError('not_configured', 'HAWKER_PUBLIC_URL must say where Google reaches slides-images');
  return base.endsWith(PATH) ? base : `${base}${PATH}`;
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

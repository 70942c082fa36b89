/**
 * What signs the addresses of images: the keys in HAWKER_IMAGE_KEYS, of which the first signs; or one that is made by whoever first needs it and kept in
 * the store. To change it, put the new one in front of the old one, and take the old one away once addresses made with it are over (GRANT_MS).
 */
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { isAppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { looksLikeToken, readToken, type Token } from './token.ts';

const COLLECTION = 'slides-keys';
const ID = 'images';

interface KeyRecord {
  /** 32 random bytes, base64url. */
  key: string;
  /** RFC 3339. */
  madeAt: string;
}

/** Answers all keys, the one that signs first, and makes one where there is none. Processes that race agree: who comes second takes the first one's. Throws what the store throws. */
export function createImageKeys({
  store,
  config,
  clock,
  ids,
}: {
  store: Store;
  config: Config;
  clock: Clock;
  ids: Ids;
}): () => Promise<readonly [string, ...string[]]> {
  const [first, ...more] = config.HAWKER_IMAGE_KEYS;
  let known: readonly [string, ...string[]] | undefined = first === undefined ? undefined : [first, ...more];

  async function make(): Promise<string | undefined> {
    const made: KeyRecord = { key: ids.secret(32), madeAt: new Date(clock.now()).toISOString() };
    try {
      await store.create(COLLECTION, ID, made);
      return made.key;
    } catch (error) {
      if (!isAppError(error, 'conflict')) throw error;
      return findKey(store);
    }
  }

  return async () => {
    known ??= [(await findKey(store)) ?? (await make()) ?? (await make()) ?? missing()];
    return known;
  };
}

/** How long a look into the store is good for: forged tokens cost no more than one in this time. */
const LOOK_AGAIN_MS = 2_000;

export type TokenReader = (text: string) => Promise<Token | undefined>;

/**
 * Reads tokens for those who may not make keys. A token of no known key is looked at once more with what is in the store by then. Where the store does not answer,
 * what cannot be told for good is taken for forged, so that an outage tells nobody more than any other time. Never rejects.
 */
export function createTokenReader({
  store,
  config,
  clock,
  log,
}: {
  store: Store;
  config: Config;
  clock: Clock;
  log: Log;
}): TokenReader {
  let known: readonly string[] = config.HAWKER_IMAGE_KEYS;
  if (known.length > 0) return async (text) => readToken(known, text);

  let looked: { at: number; done: Promise<void> } | undefined;
  const look = async () => {
    try {
      const key = await findKey(store);
      known = key === undefined ? [] : [key];
    } catch (error) {
      log.warn('the key of image addresses cannot be read', { error });
    }
  };

  return async (text) => {
    const token = readToken(known, text);
    if (token || !looksLikeToken(text)) return token;
    if (!looked || clock.mono() - looked.at >= LOOK_AGAIN_MS) looked = { at: clock.mono(), done: look() };
    await looked.done;
    return readToken(known, text);
  };
}

async function findKey(store: Store): Promise<string | undefined> {
  return (await store.get<KeyRecord>(COLLECTION, ID))?.value.key;
}

/** Somebody removes it again and again. */
function missing(): never {
  throw new Error('the key of image addresses was removed from the store while it was read');
}

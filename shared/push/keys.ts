/**
 * The key pair by which push services know this server (VAPID, RFC 8292). Browsers subscribe for its public key alone, so it must stay the same for ever: it is made
 * once, by whoever first needs it, and kept in the store. Nobody but this folder reads the private one.
 */
import { createECDH } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { isAppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Store } from '../store/store.ts';

/** Both base64url: the uncompressed point of 65 bytes, and the number of 32. */
export interface PushKeys {
  publicKey: string;
  privateKey: string;
}

const COLLECTION = 'push-keys';
const ID = 'vapid';
const CURVE = 'prime256v1';

/** Answers the one pair, making it where there is none yet. Processes that race agree: who comes second takes the first one's. Throws what the store throws. */
export function createPushKeys({
  store,
  ids,
  clock,
}: {
  store: Store;
  ids: Ids;
  clock: Clock;
}): () => Promise<PushKeys> {
  let known: PushKeys | undefined;

  const find = async () => (await store.get<PushKeys>(COLLECTION, ID))?.value;

  async function make(): Promise<PushKeys | undefined> {
    const made = pairOf(ids.secret(32));
    try {
      await store.create(COLLECTION, ID, { ...made, madeAt: new Date(clock.now()).toISOString() });
      return made;
    } catch (error) {
      if (!isAppError(error, 'conflict')) throw error;
      return find();
    }
  }

  return async () => {
    const { publicKey, privateKey } = known ?? (await find()) ?? (await make()) ?? (await make()) ?? missing();
    known = { publicKey, privateKey };
    return known;
  };
}

function pairOf(privateKey: string): PushKeys {
  const pair = createECDH(CURVE);
  pair.setPrivateKey(privateKey, 'base64url');
  return { publicKey: pair.getPublicKey('base64url'), privateKey };
}

/** Somebody removes it again and again. */
function missing(): never {
  throw new Error('the push keys were removed from the store while they were read');
}

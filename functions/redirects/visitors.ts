/**
 * Tells visitors of one day apart without keeping who they are: an HMAC of address and user agent under a random key that all instances
 * share for a UTC day and then forget. Without the key, which is gone after two days at the latest, nothing leads back.
 */
import { createHmac } from 'node:crypto';
import type { Clock } from '#shared/clock.ts';
import { isAppError } from '#shared/errors.ts';
import type { Ids } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import { createRecentlyUsed } from '#shared/recently-used.ts';
import type { Store } from '#shared/store/store.ts';
import { inTime } from './in-time.ts';

export interface Visitors {
  /** At once where the day's key is known; undefined where it cannot be had. */
  of(address: string, userAgent: string): string | undefined | Promise<string | undefined>;
}

interface Salt {
  salt: string;
}

const DAY_MS = 86_400_000;
const RETRY_MS = 5_000;

export function createVisitors(store: Store, clock: Clock, ids: Ids, log: Log): Visitors {
  const known = createRecentlyUsed<string>(5_000);
  let day = -1;
  let key: Buffer | undefined;
  let reading: Promise<void> | undefined;
  let failedAt = -Infinity;

  const readKey = async (wanted: number): Promise<void> => {
    const id = new Date(wanted * DAY_MS).toISOString().slice(0, 10);
    try {
      const salt = (await saltOf(id)) ?? (await makeSalt(id, new Date((wanted + 2) * DAY_MS)));
      known.clear();
      key = Buffer.from(salt, 'base64url');
      day = wanted;
    } catch (error) {
      failedAt = clock.mono();
      log.warn('the key of visitors cannot be had; hits go without a visitor', { error });
    }
  };

  const saltOf = async (id: string) => (await inTime(store.get<Salt>('visitor-salts', id), clock))?.value.salt;

  const makeSalt = async (id: string, expireAt: Date): Promise<string> => {
    const salt = ids.secret(32);
    try {
      await inTime(store.create('visitor-salts', id, { salt }, { expireAt }), clock);
      return salt;
    } catch (error) {
      if (!isAppError(error, 'conflict')) throw error;
      return (await saltOf(id)) ?? salt;
    }
  };

  const hash = (address: string, userAgent: string): string | undefined => {
    if (!key) return undefined;
    const who = `${address}\n${userAgent}`;
    let visitor = known.get(who);
    if (visitor === undefined) {
      visitor = createHmac('sha256', key).update(who).digest('base64url').slice(0, 22);
      known.set(who, visitor);
    }
    return visitor;
  };

  return {
    of(address, userAgent) {
      const today = Math.floor(clock.now() / DAY_MS);
      if (today === day) return hash(address, userAgent);
      key = undefined;
      if (!reading && clock.mono() - failedAt < RETRY_MS) return undefined;
      reading ??= readKey(today).finally(() => {
        reading = undefined;
      });
      return reading.then(() => hash(address, userAgent));
    },
  };
}

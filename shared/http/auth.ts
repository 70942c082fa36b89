/**
 * Who a request's `Authorization: Bearer ...` stands for: the key in HAWKER_ADMIN_KEY, an API key of the store, or, where an audience and accounts
 * are configured, a Google ID token. A stored key is looked up at most every CACHE_MS per instance, so that is how long a deleted one still works.
 */
import type { Runtime } from '../define.ts';
import { AppError, isAppError } from '../errors.ts';
import { createRecentlyUsed } from '../recently-used.ts';
import type { Doc } from '../store/store.ts';
import { API_KEYS, type ApiKey, hashSecret, parseKey, sameHash } from './api-keys.ts';
import type { Authenticate, Caller } from './callers.ts';
import { createGoogleTokenVerifier, type TokenVerifier } from './google-token.ts';

export { ensureFirstAdminKey } from './api-keys.ts';

const CACHE_MS = 5_000;

interface Cached {
  key: Promise<Doc<ApiKey> | undefined>;
  /** Monotonic milliseconds. */
  until: number;
}

export function createAuthenticate({
  config,
  store,
  clock,
}: Pick<Runtime, 'config' | 'store' | 'clock'>): Authenticate {
  const cache = createRecentlyUsed<Cached>(1_000);
  const adminHash = config.HAWKER_ADMIN_KEY === undefined ? undefined : hashSecret(config.HAWKER_ADMIN_KEY);
  let verifyGoogle: TokenVerifier | undefined;

  const lookUp = (id: string): Promise<Doc<ApiKey> | undefined> => {
    const cached = cache.get(id);
    if (cached && cached.until > clock.mono()) return cached.key;
    const key = store.get<ApiKey>(API_KEYS, id);
    cache.set(id, { key, until: clock.mono() + CACHE_MS });
    key.catch(() => cache.delete(id));
    return key;
  };

  const byKey = async (id: string, secret: string): Promise<Caller | undefined> => {
    const key = (await lookUp(id))?.value;
    if (!key || !sameHash(key.hash, hashSecret(secret))) return undefined;
    return { id: `key:${id}`, role: key.role, ...(key.host !== undefined && { host: key.host }) };
  };

  const byGoogle = async (token: string): Promise<Caller> => {
    verifyGoogle ??= createGoogleTokenVerifier({
      audience: config.HAWKER_ADMIN_AUDIENCE ?? '',
      emails: config.HAWKER_ADMIN_EMAILS,
      clock,
    });
    try {
      return { id: `google:${(await verifyGoogle(token)).email}`, role: 'admin' };
    } catch (error) {
      throw isAppError(error, 'unauthenticated') ? unauthenticated(error.message, true, error) : error;
    }
  };

  return async (authorization) => {
    if (authorization === undefined) throw unauthenticated('Send Authorization: Bearer and an API key', false);
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
    if (token === undefined)
      throw unauthenticated('The Authorization header is not of the form Bearer and a key', true);
    if (adminHash !== undefined && sameHash(adminHash, hashSecret(token))) return { id: 'setting', role: 'admin' };
    const key = parseKey(token);
    const caller = key && (await byKey(key.id, key.secret));
    if (caller) return caller;
    if (!key && token.split('.').length === 3 && config.HAWKER_ADMIN_AUDIENCE !== undefined) return byGoogle(token);
    throw unauthenticated('There is no such key', true);
  };
}

function unauthenticated(detail: string, sent: boolean, cause?: unknown): AppError {
  const challenge = `Bearer realm="hawker"${sent ? ', error="invalid_token"' : ''}`;
  return new AppError('unauthenticated', detail, { headers: { 'WWW-Authenticate': challenge }, cause });
}

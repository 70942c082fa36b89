/**
 * API keys: `hwk_<id>_<secret>`, kept as the secret's SHA-256. The secret has 256 random bits, so a fast hash is enough.
 *
 * Collection `api-keys`, id: key id.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Runtime } from '../define.ts';
import { isAppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Store } from '../store/store.ts';
import type { Role } from './callers.ts';

export const API_KEYS = 'api-keys';
/** The id of the key that the first start makes; other ids have 12 characters. */
const FIRST = 'first';

export interface ApiKey {
  /** SHA-256 of the secret, base64url. */
  hash: string;
  role: Role;
  name: string;
  /** The one domain it is for. */
  host?: string;
  /** RFC 3339. */
  createdAt: string;
}

/** The parts of a key's text, or undefined where it is none. */
export function parseKey(text: string): { id: string; secret: string } | undefined {
  const [, id, secret] = /^hwk_([0-9a-z]{5,12})_([\w-]{43})$/.exec(text) ?? [];
  return id && secret ? { id, secret } : undefined;
}

export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Takes the same time wherever the two differ. */
export function sameHash(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}

/** Makes a key and stores its hash; `text` exists nowhere else. */
export async function createKey(
  { store, ids, clock }: { store: Store; ids: Ids; clock: Clock },
  given: { name: string; role: Role; host?: string | undefined },
  id = ids.code(12),
): Promise<{ id: string; text: string; key: ApiKey }> {
  const secret = ids.secret(32);
  const { host, name, role } = given;
  const key: ApiKey = {
    hash: hashSecret(secret),
    role,
    name,
    ...(host !== undefined && { host }),
    createdAt: new Date(clock.now()).toISOString(),
  };
  await store.create(API_KEYS, id, key);
  return { id, text: `hwk_${id}_${secret}`, key };
}

/**
 * Where no admin key is set or stored: makes one and answers its text, once, to one process of however many start together. Whoever starts it
 * and loses that text sets HAWKER_ADMIN_KEY.
 */
export async function ensureFirstAdminKey(
  runtime: Pick<Runtime, 'config' | 'store' | 'ids' | 'clock'>,
): Promise<string | undefined> {
  const { config, store } = runtime;
  if (config.HAWKER_ADMIN_KEY !== undefined) return undefined;
  const { docs } = await store.list<ApiKey>(API_KEYS, { limit: 1_000 });
  if (docs.some(({ value }) => value.role === 'admin' && value.host === undefined)) return undefined;
  try {
    return (await createKey(runtime, { name: 'first start', role: 'admin' }, FIRST)).text;
  } catch (error) {
    if (isAppError(error, 'conflict')) return undefined;
    throw error;
  }
}

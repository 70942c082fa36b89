/** Opens Google's APIs, in whoever's name they are asked. */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Config } from '../config.ts';
import type { Runtime } from '../define.ts';
import { gauge } from '../telemetry/metrics.ts';
import { createDriveApi } from './drive-calls.ts';
import type { Google, GoogleApis } from './google.ts';
import { type Account, createCallerAccount } from './identity.ts';
import { createOwnAccount } from './own-account.ts';
import { createSecretManagerApi } from './secret-manager-calls.ts';
import type { Session } from './session.ts';
import { createSlidesApi } from './slides-calls.ts';
import { createSqlAdminApi } from './sql-admin-calls.ts';
import { createStorageApi } from './storage-calls.ts';
import { createWritePace, type WritePace } from './write-pace.ts';

type Settings = Pick<
  Config,
  'GOOGLE_APIS_ROOT_URL' | 'GOOGLE_CLOUD_PROJECT' | 'HAWKER_GOOGLE_SUBJECT' | 'STORAGE_EMULATOR_HOST'
>;

/** What is worth keeping of a caller is the pace of their writes, which is over after a minute. */
const CALLERS = 1_000;
const CALLER_MS = 5 * 60_000;

/** Asks nothing yet, and looks for credentials only when they are needed. */
export function openGoogle(config: Settings, { clock, ids, log }: Pick<Runtime, 'clock' | 'ids' | 'log'>): Google {
  const { GOOGLE_APIS_ROOT_URL: rootUrl, HAWKER_GOOGLE_SUBJECT: subject, STORAGE_EMULATOR_HOST: emulator } = config;
  const rig = { clock, ids, log };
  const callers = new LRUCache<string, GoogleApis>({
    max: CALLERS,
    ttl: CALLER_MS,
    updateAgeOnGet: true,
    ttlResolution: 0,
    perf: { now: () => clock.mono() },
  });
  let own: GoogleApis | undefined;

  /** `service`: buckets, secrets and databases are the service account's own affair, also where it speaks for a person. */
  function apisOf(account: Account, service: Account, pace: WritePace): GoogleApis {
    const session: Session = { ...rig, account, rootUrl };
    const serving: Session = { ...rig, account: service, rootUrl };
    return {
      account: () => account.email(),
      slides: createSlidesApi(session, pace),
      drive: createDriveApi(session),
      storage: createStorageApi({ ...serving, emulator }),
      secrets: createSecretManagerApi(serving),
      sqlAdmin: createSqlAdminApi(serving),
    };
  }

  function ownApis(): GoogleApis {
    const account = createOwnAccount(config, subject, rig);
    const pace = createWritePace(clock);
    // Callers have a budget each, of which nothing is told.
    const labels = { 'hawker.upstream': 'slides' } as const;
    gauge('hawker.upstream.budget_left', () => [{ labels, value: pace.left() }]);
    return apisOf(account, subject === undefined ? account : createOwnAccount(config, undefined, rig), pace);
  }

  function callerApis(token: string): GoogleApis {
    const account = createCallerAccount(token);
    return apisOf(account, account, createWritePace(clock));
  }

  return {
    as(identity) {
      if (identity.type === 'own') {
        own ??= ownApis();
        return own;
      }
      // Tokens are of any length, and a map's key may end up in a message.
      const key = createHash('sha256').update(identity.token).digest('base64url');
      const known = callers.get(key);
      if (known) return known;
      // Otherwise a token would stay in memory until a thousand others have come.
      callers.purgeStale();
      const made = callerApis(identity.token);
      callers.set(key, made);
      return made;
    },
  };
}

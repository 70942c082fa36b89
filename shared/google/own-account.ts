/** Hawker's own account: what the application default credentials are, or the person of HAWKER_GOOGLE_SUBJECT by delegation to them. */
import type { Config } from '../config.ts';
import { AppError, isAppError } from '../errors.ts';
import { watchDependency } from '../telemetry/dependencies.ts';
import { unlessAborted } from '../unless-aborted.ts';
import type { Rig } from './ask-again.ts';
import { type Credentials, findCredentials } from './credentials.ts';
import { exchange, type Grant, type Sign, signByGoogle, signWithKey } from './delegation.ts';
import { type Account, SCOPES } from './identity.ts';
import { inTime } from './in-time.ts';

export type OwnSettings = Pick<Config, 'GOOGLE_CLOUD_PROJECT' | 'GOOGLE_APIS_ROOT_URL'>;

/** In all, whoever waits for it: the library's own requests know no limit. */
const TOKEN_MS = 20_000;
const EMAIL_MS = 5_000;
/** A token that ends sooner is not used any more: longer than any one request takes. */
const LEAST_LEFT_MS = 120_000;

/** `subject`: in whose name, where it is not the account's own. Nothing is asked before it is needed, and what failed is tried anew by the next who asks. */
export function createOwnAccount(config: OwnSettings, subject: string | undefined, rig: Rig): Account {
  const { clock } = rig;
  const { GOOGLE_CLOUD_PROJECT: project, GOOGLE_APIS_ROOT_URL: rootUrl } = config;
  const found = new Map<string, Promise<Credentials>>();
  const grants = new Map<string, Grant>();
  const going = new Map<string, Promise<Record<string, string>>>();
  let knownEmail: string | undefined;
  const watched = watchDependency('Google token', () => clock.mono());

  function credentialsFor(scope: string): Promise<Credentials> {
    const known = found.get(scope) ?? findCredentials(scope, project, clock);
    found.set(scope, known);
    return known;
  }

  async function fresh(scope: string, signal: AbortSignal): Promise<Record<string, string>> {
    // Who only lends its signature needs a token for signing alone.
    const credentials = await credentialsFor(subject ? SCOPES.iam : scope);
    const { key } = credentials;
    if (!key && !subject) return libraryHeaders(credentials);
    const iss = await emailOf(credentials);
    if (!iss)
      throw new AppError(
        'not_configured',
        'HAWKER_GOOGLE_SUBJECT needs a service account, and the Google credentials here are none',
      );
    const sign: Sign = key
      ? signWithKey(key)
      : signByGoogle(iss, await libraryHeaders(credentials), SCOPES.iam, { ...rig, rootUrl });
    const grant = await exchange({ iss, sub: subject, scope }, sign, signal, { ...rig, rootUrl });
    grants.set(scope, grant);
    return bearer(grant);
  }

  /** One at a time for a scope, whoever waits for it. */
  function once(scope: string): Promise<Record<string, string>> {
    const known = going.get(scope);
    if (known) return known;
    const late = () => new AppError('unavailable', `There was no access token within ${TOKEN_MS / 1_000} seconds`);
    const work = inTime((signal) => fresh(scope, signal), { ms: TOKEN_MS, clock, late })
      .then((headers) => {
        watched.good();
        return headers;
      })
      .catch((error: unknown) => {
        found.clear();
        const told = error instanceof AppError ? error : libraryFailure(error);
        watched.bad('there is none to be had', told);
        throw told;
      })
      .finally(() => going.delete(scope));
    going.set(scope, work);
    return work;
  }

  return {
    headers(scope, signal) {
      const grant = grants.get(scope);
      if (grant && grant.endsAt - clock.mono() > LEAST_LEFT_MS) return Promise.resolve(bearer(grant));
      return unlessAborted(once(scope), signal).catch((error: unknown) => {
        throw isAppError(error) ? error : new AppError('unavailable', 'There was no time left to get an access token');
      });
    },
    forget(scope) {
      grants.delete(scope);
      found.clear();
      return true;
    },
    async email() {
      knownEmail ??= subject ?? (await ownEmail());
      return knownEmail;
    },
  };

  /** Undefined also where it cannot be told just now. */
  async function ownEmail(): Promise<string | undefined> {
    const late = () => new Error('late');
    try {
      return await inTime(async () => emailOf(await credentialsFor(subject ? SCOPES.iam : SCOPES.slides)), {
        ms: EMAIL_MS,
        clock,
        late,
      });
    } catch {
      found.clear();
      return undefined;
    }
  }
}

async function emailOf({ key, email }: Credentials): Promise<string | undefined> {
  return key?.email ?? email();
}

function bearer({ token }: Grant): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** Marks what the library throws, which holds requests with secrets, before anything else could pass it on. */
async function libraryHeaders(credentials: Credentials): Promise<Record<string, string>> {
  return credentials.headers().catch((error: unknown) => {
    throw libraryFailure(error);
  });
}

function libraryFailure(error: unknown): AppError {
  const { response, status = response?.status } = Object(error) as {
    status?: unknown;
    response?: { status?: unknown };
  };
  if (status === 404) return new AppError('not_configured', 'No service account is attached to the place this runs in');
  if (status === 400 || status === 401 || status === 403)
    return new AppError(
      'google_unauthenticated',
      'Google does not accept the credentials found here; they may have ended or been withdrawn',
    );
  return new AppError('unavailable', 'There is no access token to be had just now');
}

/**
 * Google ID tokens (OIDC): who is calling, when the caller is a Google account or a service account.
 *
 * Anybody can have Google sign a token for any audience, so the audience alone proves nothing: a token counts only if it was made for
 * us, for one of the accounts we expect, and Google has verified that address. All of it must hold; nothing of it has a default.
 * https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
 */
import type { RemoteJWKSet } from 'jose';
import type { Clock } from '../clock.ts';
import { ConfigError } from '../config.ts';
import { AppError } from '../errors.ts';

export interface GoogleTokenOptions {
  /** The exact `aud` a token must have. */
  audience: string;
  /** The accounts that are let in; at least one. */
  emails: readonly string[];
  clock: Clock;
  /** Where the signing keys are published, as a JSON Web Key Set; Google's by default. */
  keysUrl?: URL;
}

/**
 * Resolves with the account's address, in lower case. Throws `unauthenticated`, whose cause says what did not hold and is for the log alone;
 * `unavailable` where the keys cannot be had.
 */
export type TokenVerifier = (token: string) => Promise<{ email: string }>;

const GOOGLE_KEYS = new URL('https://www.googleapis.com/oauth2/v3/certs');
const ISSUERS = ['https://accounts.google.com', 'accounts.google.com'];
const KEYS_TIMEOUT_MS = 3_000;
const LEEWAY_SECONDS = 60;

/** jose's codes for keys that could not be fetched or read: no fault of the token. */
const KEYS_FAILED = new Set(['ERR_JOSE_GENERIC', 'ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID']);

/** Throws ConfigError without an audience or an account: a verifier that checks neither must not exist. */
export function createGoogleTokenVerifier(options: GoogleTokenOptions): TokenVerifier {
  const { audience, clock, keysUrl = GOOGLE_KEYS } = options;
  const emails = new Set(options.emails.map((email) => email.toLowerCase()));
  if (!audience || emails.size === 0 || emails.has(''))
    throw new ConfigError('a token verifier needs an audience and the accounts to let in');
  let keys: RemoteJWKSet | undefined;

  return async function verify(token) {
    const jose = await import('jose');
    keys ??= jose.createRemoteJWKSet(keysUrl, { timeoutDuration: KEYS_TIMEOUT_MS });
    const now = new Date(clock.now());
    const { payload } = await jose
      .jwtVerify(token, keys, {
        algorithms: ['RS256'],
        issuer: ISSUERS,
        audience,
        requiredClaims: ['exp', 'iat', 'email'],
        clockTolerance: LEEWAY_SECONDS,
        currentDate: now,
      })
      .catch((cause: unknown) => {
        const fetched = cause instanceof jose.errors.JOSEError && !KEYS_FAILED.has(cause.code);
        throw fetched
          ? refused(cause)
          : new AppError('unavailable', 'The keys to check the token cannot be had', { cause });
      });
    const { iat, email, email_verified: verified } = payload;
    if (typeof iat !== 'number' || iat > now.getTime() / 1000 + LEEWAY_SECONDS) throw refused('iat is in the future');
    if (verified !== true) throw refused('email_verified is not true');
    const address = typeof email === 'string' ? email.toLowerCase() : '';
    if (!emails.has(address)) throw refused(`${address} is not let in`);
    return { email: address };
  };
}

/** One answer for every reason: whoever tries tokens learns nothing from it. */
function refused(cause: unknown): AppError {
  return new AppError('unauthenticated', 'The token is not valid here', {
    cause,
    headers: { 'WWW-Authenticate': 'Bearer' },
  });
}

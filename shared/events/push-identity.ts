/**
 * Whether a push comes from our own subscription, or a call from our own schedule: Pub/Sub and Cloud Scheduler sign each one with a token of the
 * service account that the subscription or the job names. There is no default. A function on Pub/Sub that is not told whom to believe does not start.
 */
import type { Clock } from '../clock.ts';
import { type Config, ConfigError } from '../config.ts';
import { AppError } from '../errors.ts';
import { createGoogleTokenVerifier } from '../http/google-token.ts';

/** Resolves for a push of ours; throws `unauthenticated` for any other, `unavailable` where it cannot be told now. */
export type PushVerifier = (headers: Headers) => Promise<void>;

/** `open` lets everybody in: for the Pub/Sub emulator, which signs nothing. */
export type PushIdentity = PushVerifier | 'open';

export interface PushVerifierOptions {
  audience: string;
  /** The push subscription's service account, or the schedule's. */
  email: string;
  clock: Clock;
  /** Google's by default. */
  keysUrl?: URL;
}

export function createPushVerifier({ email, ...options }: PushVerifierOptions): PushVerifier {
  const verify = createGoogleTokenVerifier({ ...options, emails: [email] });
  return async (headers) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '') ?? [];
    if (!token) throw notAuthenticated();
    await verify(token);
  };
}

/** What the settings say. Throws ConfigError where somebody is to call and nothing says who. */
export function pushIdentityOf(config: Config, clock: Clock): PushIdentity {
  const { HAWKER_PUSH_AUDIENCE: audience, HAWKER_PUSH_EMAIL: email } = config;
  if (audience && email) return createPushVerifier({ audience, email, clock });
  if (config.HAWKER_QUEUE === 'embedded') return () => Promise.reject(notAuthenticated());
  if (config.PUBSUB_EMULATOR_HOST) return 'open';
  throw new ConfigError(
    'HAWKER_PUSH_AUDIENCE and HAWKER_PUSH_EMAIL are needed by a message or schedule function with HAWKER_QUEUE=pubsub',
  );
}

function notAuthenticated(): AppError {
  return new AppError('unauthenticated', 'A token is needed', { headers: { 'WWW-Authenticate': 'Bearer' } });
}

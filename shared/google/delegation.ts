/** Tokens by a signed assertion (RFC 7523): of a service account whose key there is, and of a person in whose name it may act (domain-wide delegation). */
import { AppError } from '../errors.ts';
import { ask } from './ask.ts';
import { askAgain, type Rig } from './ask-again.ts';
import { requestOf } from './client-request.ts';
import type { Key } from './credentials.ts';
import { failureOf } from './failures.ts';
import { isBusy, type Refusal } from './refusal.ts';

export interface Assertion {
  /** The service account. */
  iss: string;
  /** The person; undefined for the service account itself. */
  sub: string | undefined;
  scope: string;
}

export interface Grant {
  token: string;
  /** Monotonic milliseconds. */
  endsAt: number;
}

/** Answers a JWT in compact form. */
export type Sign = (claims: object, signal: AbortSignal) => Promise<string>;

export interface AssertionRig extends Rig {
  /** GOOGLE_APIS_ROOT_URL. */
  rootUrl: string | undefined;
}

const TOKEN_SERVICE = 'https://oauth2.googleapis.com';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** The most that Google takes. */
const ASSERTED_S = 3_600;
const BOUNDS = { ms: 10_000, bytes: 65_536 };

/** Throws AppErrors: `google_forbidden` where the person's domain has not allowed it, `google_unauthenticated` for a key that is not taken, `unavailable`. */
export async function exchange(
  assertion: Assertion,
  sign: Sign,
  signal: AbortSignal,
  rig: AssertionRig,
): Promise<Grant> {
  const { iss, sub, scope } = assertion;
  const { clock, rootUrl = TOKEN_SERVICE } = rig;
  const iat = Math.floor(clock.now() / 1_000);
  const claims = { iss, ...(sub && { sub }), scope, aud: `${TOKEN_SERVICE}/token`, iat, exp: iat + ASSERTED_S };
  const form = new URLSearchParams({ grant_type: GRANT, assertion: await sign(claims, signal) });
  const asked = clock.mono();
  const { bytes } = await askAgain(
    {
      attempt: (resends) =>
        ask(
          {
            url: `${rootUrl}/token`,
            method: 'POST',
            headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
            body: form.toString(),
          },
          { ...BOUNDS, signal },
          clock,
          { upstream: 'iam', operation: 'token', resends },
        ),
      api: 'Google token service',
      failure: (refusal) => Promise.resolve(exchangeFailure(refusal, assertion)),
      signal,
    },
    rig,
  );
  const { access_token: token, expires_in: seconds } = jsonOf(bytes);
  if (typeof token !== 'string' || typeof seconds !== 'number' || !(seconds > 0))
    throw new AppError('unavailable', 'The Google token service answered without a token');
  return { token, endsAt: asked + seconds * 1_000 };
}

function exchangeFailure(refusal: Refusal, { iss, sub, scope }: Assertion): AppError {
  const said = refusal.message && `: ${refusal.message}`;
  if (isBusy(refusal) || refusal.status < 400 || refusal.status >= 500 || refusal.status === 404)
    return failureOf({ ...refusal, status: refusal.status === 404 ? 503 : refusal.status }, ABOUT);
  if (!sub) return new AppError('google_unauthenticated', `Google does not accept the key of ${iss}${said}`);
  const detail = `${iss} may not act for ${sub}: allow its client id the scope ${scope} under domain-wide delegation in the Admin console${said}`;
  return new AppError('google_forbidden', detail);
}

const ABOUT = { api: 'Google token service', thing: 'token', remedy: '', scope: '', account: undefined };

export function signWithKey({ email, pem, id }: Key): Sign {
  return async (claims) => {
    const [{ SignJWT }, { createPrivateKey }] = await Promise.all([import('jose'), import('node:crypto')]);
    try {
      const header = { alg: 'RS256', typ: 'JWT', ...(id && { kid: id }) };
      return await new SignJWT({ ...claims }).setProtectedHeader(header).sign(createPrivateKey(pem));
    } catch {
      throw new AppError('not_configured', `The private key of ${email} cannot be used`);
    }
  };
}

/** Google signs: there is no key here. `headers`: those of the service account, which must be allowed to sign for itself. */
export function signByGoogle(email: string, headers: Record<string, string>, scope: string, rig: AssertionRig): Sign {
  const api = 'IAM Service Account Credentials API';
  const remedy = 'give it the role roles/iam.serviceAccountTokenCreator on itself';
  return async (claims, signal) => {
    const { iamcredentials } = await import('./iamcredentials-client.ts');
    const { serviceAccounts } = iamcredentials('v1').projects;
    const params = { name: `projects/-/serviceAccounts/${email}`, requestBody: { payload: JSON.stringify(claims) } };
    const request = await requestOf((options) => serviceAccounts.signJwt(params, options), headers, rig.rootUrl);
    const { bytes } = await askAgain(
      {
        attempt: (resends) =>
          ask(request, { ...BOUNDS, signal }, rig.clock, { upstream: 'iam', operation: 'signJwt', resends }),
        api,
        failure: async (refusal) =>
          failureOf(refusal, { api, thing: 'signature of its service account', remedy, scope, account: email }),
        signal,
      },
      rig,
    );
    const { signedJwt } = jsonOf(bytes);
    if (typeof signedJwt !== 'string') throw new AppError('unavailable', `The ${api} answered without a signature`);
    return signedJwt;
  };
}

function jsonOf(bytes: Uint8Array): Record<string, unknown> {
  try {
    return Object(JSON.parse(new TextDecoder().decode(bytes))) as Record<string, unknown>;
  } catch {
    return {};
  }
}

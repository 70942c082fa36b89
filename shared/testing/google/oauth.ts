/** Domain-wide delegation as it goes without a key file: IAM credentials sign an assertion, the token endpoint takes it and gives a token of the person it names. */
import type { Clock } from '../../clock.ts';
import { answering, Refused, sendJson } from './answers.ts';
import type { FakePart } from './fake-google.ts';
import type { Signer } from './signer.ts';
import { type Tokens, wholeScope } from './tokens.ts';

/** What an administrator of a Workspace domain has let the service account do. */
export interface Delegation {
  /** People with an address there may be spoken for. */
  domain: string;
  scopes: readonly string[];
}

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const AUDIENCE = /^https:\/\/(?:oauth2|www)\.googleapis\.com(?:\/oauth2\/v4)?\/token$/;

export function createOAuth(options: {
  clock: Clock;
  signer: Signer;
  tokens: Tokens;
  delegation: Delegation;
}): FakePart {
  const { clock, signer, tokens, delegation } = options;

  function exchange(form: URLSearchParams, ownAddress: string): [status: number, body: object] {
    const refuse = (status: number, error: string, error_description: string): [number, object] => [
      status,
      { error, error_description },
    ];
    if (form.get('grant_type') !== GRANT) return refuse(400, 'unsupported_grant_type', 'Invalid grant_type');
    const said = signer.opened(form.get('assertion') ?? '');
    if (!said) return refuse(400, 'invalid_grant', 'Invalid JWT Signature.');
    const { iss, sub, scope, aud, iat, exp } = said;
    const now = clock.now() / 1_000;
    const inTime =
      typeof iat === 'number' && typeof exp === 'number' && iat <= now + 60 && exp > now && exp - iat <= 3_600;
    if (!inTime) return refuse(400, 'invalid_grant', 'Invalid JWT: Token must be a short-lived token (60 minutes).');
    if (iss !== signer.account) return refuse(400, 'invalid_grant', 'Invalid issuer.');
    if (typeof aud !== 'string' || !(AUDIENCE.test(aud) || aud === ownAddress))
      return refuse(400, 'invalid_grant', 'Invalid JWT: Failed audience check.');
    const scopes = typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [];
    if (scopes.length === 0) return refuse(400, 'invalid_scope', 'Empty or missing scope not allowed.');
    if (sub !== undefined && (typeof sub !== 'string' || !sub.endsWith(`@${delegation.domain}`)))
      return refuse(400, 'invalid_grant', 'Invalid email or User ID');
    if (sub !== undefined && !scopes.every((name) => delegation.scopes.map(wholeScope).includes(wholeScope(name))))
      return refuse(
        401,
        'unauthorized_client',
        'Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.',
      );
    const access_token = tokens.issue({ account: sub ?? signer.account, scopes });
    return [200, { access_token, expires_in: 3_599, token_type: 'Bearer' }];
  }

  return {
    async handle(request, response, url, body) {
      if (request.method !== 'POST') return false;
      if (url.pathname === '/token') {
        const own = `http://${request.headers.host}/token`;
        sendJson(response, ...exchange(new URLSearchParams(body.toString('utf8')), own));
        return true;
      }
      const [, email] = /^\/v1\/projects\/-\/serviceAccounts\/([^/:]+):signJwt$/.exec(url.pathname) ?? [];
      if (email === undefined) return false;
      await answering(response, 'api', () => {
        const { account } = tokens.require(request, ['cloud-platform', 'iam']);
        if (account !== signer.account || decodeURIComponent(email) !== signer.account)
          throw new Refused(403, "Permission 'iam.serviceAccounts.signJwt' denied on resource (or it may not exist).");
        const { payload, ...rest } = JSON.parse(body.toString('utf8')) as { payload?: unknown; delegates?: unknown };
        if (typeof payload !== 'string' || Object.keys(rest).some((key) => key !== 'delegates'))
          throw new Refused(400, 'Request contains an invalid argument.');
        sendJson(response, 200, { keyId: signer.keyId, signedJwt: signer.jwt(JSON.parse(payload) as object) });
      });
      return true;
    },
  };
}

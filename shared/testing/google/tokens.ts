/** Access tokens: random, each bound to an account and to scopes; they end by time, or when a test takes them back. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../clock.ts';
import { systemIds } from '../../ids.ts';
import { errorInfo, Refused } from './answers.ts';

export interface Bearer {
  account: string;
  /** Whole addresses. */
  scopes: readonly string[];
}

export interface Tokens {
  /** Scopes may be short, such as `drive.readonly`. */
  issue(of: { account: string; scopes: readonly string[]; seconds?: number }): string;
  /** Whose a token is, also when it has ended. */
  owner(token: string): Bearer | undefined;
  /** Who asks. Throws Refused: 401 without a good token, 403 where it has none of these scopes. */
  require(request: IncomingMessage, scopes: readonly string[]): Bearer;
  /** One, or all that were issued until now. */
  revoke(token?: string): void;
  /** All that were ever issued. */
  issued(): readonly string[];
}

const SCOPE = 'https://www.googleapis.com/auth/';
const NO_TOKEN =
  'Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential.';
const BAD_TOKEN =
  'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.';

export function createTokens(clock: Clock): Tokens {
  const all = new Map<string, Bearer & { endsAt: number }>();
  return {
    issue({ account, scopes, seconds = 3_599 }) {
      const token = `ya29.c.${systemIds.secret(60)}`;
      all.set(token, { account, scopes: scopes.map(wholeScope), endsAt: clock.mono() + seconds * 1_000 });
      return token;
    },
    owner: (token) => all.get(token),
    require(request, scopes) {
      const token = tokenOf(request);
      if (token === undefined)
        throw new Refused(401, NO_TOKEN, { details: [errorInfo('CREDENTIALS_MISSING')], reason: 'required' });
      const bearer = all.get(token);
      if (!bearer || bearer.endsAt <= clock.mono())
        throw new Refused(401, BAD_TOKEN, { details: [errorInfo('ACCESS_TOKEN_EXPIRED')], reason: 'authError' });
      if (!scopes.some((scope) => bearer.scopes.includes(wholeScope(scope))))
        throw new Refused(403, 'Request had insufficient authentication scopes.', {
          details: [errorInfo('ACCESS_TOKEN_SCOPE_INSUFFICIENT')],
          reason: 'insufficientPermissions',
        });
      return bearer;
    },
    revoke(token) {
      for (const [name, bearer] of all)
        if (token === undefined || token === name) bearer.endsAt = Number.NEGATIVE_INFINITY;
    },
    issued: () => [...all.keys()],
  };
}

export function tokenOf(request: Pick<IncomingMessage, 'headers'>): string | undefined {
  return /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

export function wholeScope(scope: string): string {
  return scope.includes(':') ? scope : SCOPE + scope;
}

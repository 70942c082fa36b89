/** The metadata server of Cloud Run and Compute Engine: who the service runs as, and tokens for it. */
import type { ServerResponse } from 'node:http';
import { JSON_TYPE } from './answers.ts';
import type { FakePart } from './fake-google.ts';
import type { Signer } from './signer.ts';
import type { Tokens } from './tokens.ts';

const BASE = '/computeMetadata/v1';
const FLAVOR = { 'metadata-flavor': 'Google', server: 'Metadata Server for VM' };

export function createMetadata(options: { project: string; signer: Signer; tokens: Tokens }): FakePart {
  const { project, signer, tokens } = options;
  const { account } = signer;

  function read(path: string, query: URLSearchParams): string | object | undefined {
    if (path === '/project/project-id') return project;
    if (path === '/universe/universe-domain') return 'googleapis.com';
    const [, whose, what] = /^\/instance\/service-accounts\/([^/]+)\/(token|email|identity|scopes)$/.exec(path) ?? [];
    if (whose !== 'default' && whose !== account) return undefined;
    const scopes = query.get('scopes')?.split(',').filter(Boolean) ?? ['cloud-platform'];
    if (what === 'email') return account;
    if (what === 'scopes') return 'https://www.googleapis.com/auth/cloud-platform\n';
    if (what === 'token')
      return { access_token: tokens.issue({ account, scopes }), expires_in: 3_599, token_type: 'Bearer' };
    const audience = query.get('audience');
    if (!audience) return undefined;
    return signer.jwt({
      iss: 'https://accounts.google.com',
      aud: audience,
      sub: '1',
      email: account,
      email_verified: true,
    });
  }

  return {
    handle(request, response, url) {
      if (!url.pathname.startsWith(`${BASE}/`)) return false;
      // Without it the address may have been put into somebody's mouth (request forgery): the real server refuses it too.
      if (request.headers['metadata-flavor'] !== 'Google' || request.headers['x-forwarded-for']) {
        answer(response, 403, 'Missing Metadata-Flavor:Google header.');
        return true;
      }
      const value = request.method === 'GET' ? read(url.pathname.slice(BASE.length), url.searchParams) : undefined;
      if (value === undefined) return false;
      answer(response, 200, value);
      return true;
    },
  };
}

function answer(response: ServerResponse, status: number, value: string | object): void {
  const type = typeof value === 'string' ? { 'content-type': 'application/text' } : JSON_TYPE;
  response.writeHead(status, { ...FLAVOR, ...type }).end(typeof value === 'string' ? value : JSON.stringify(value));
}

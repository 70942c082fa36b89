/** A source on loopback with a certificate, which tests fetch from as if it were public. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach } from 'node:test';
import { inspect } from 'node:util';
import { ImageFault } from '../images/fault.ts';
import { createAuthority } from '../testing/certificates.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { fetchPublic, type PublicFetchOptions } from './public-fetch.ts';

/** A name in the test certificate that is not an inner one. */
export const HOST = 'kubernetes.default.svc';
export const SECRET = 'a-secret-that-nobody-may-see';
export const authority = createAuthority();
export const never = new AbortController().signal;

export let port: number;
export const answers: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {};
export const asked: { path: string; headers: IncomingMessage['headers'] }[] = [];
const server = createServer(authority.issue(), (request, response) => {
  const path = request.url ?? '';
  asked.push({ path, headers: request.headers });
  const answer = answers[path.split('?')[0] ?? ''];
  if (answer) answer(request, response);
  else response.writeHead(404).end(SECRET);
});

export const at = (path: string) => `https://${HOST}:${port}${path}`;
export const redirect = (status: number, location?: string) => (_: unknown, response: ServerResponse) => {
  response.writeHead(status, location === undefined ? {} : { location }).end(SECRET);
};

export function get(url: string, more: Partial<PublicFetchOptions> = {}): Promise<Uint8Array> {
  const toHere = { lookup: async () => ['127.0.0.1'], allow: (address: string) => address === '127.0.0.1' };
  return fetchPublic(url, {
    maxBytes: 1_000,
    signal: never,
    clock: createFakeClock(),
    port,
    ca: authority.ca,
    ...toHere,
    ...more,
  });
}

/** Rejects with this code, and with nothing in it that came from there or was asked for. */
export async function refused(getting: Promise<unknown>, code: string, message = /./): Promise<void> {
  const error = await getting.then(
    () => assert.fail('it was fetched'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ImageFault, inspect(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  const all = inspect(error, { depth: 10, showHidden: true }).replaceAll(/^\s+at .*$/gm, '');
  assert.ok(!all.includes(SECRET) && !all.includes(HOST) && !all.includes('127.0.0.1'), all);
}

/** For the tests of one `describe`; each begins with one image and nothing asked. */
export function serveHere(): void {
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  beforeEach(() => {
    asked.length = 0;
    for (const path of Object.keys(answers)) delete answers[path];
    answers['/image'] = (_, response) => response.end('an image');
  });
}

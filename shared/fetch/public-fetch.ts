/**
 * Fetches what stands at an https address that somebody else has chosen, so that it can reach nothing but the public Internet (server-side request forgery: CWE-918).
 *
 * A host is resolved here, once for each hop; each of its addresses must be public, and the connection is made to one of these and no other, so that a name cannot change its mind
 * between the check and the use. Redirects are followed by hand, each under the same rules. No cookie, no credentials, no proxy of the environment.
 */
import type { IncomingMessage } from 'node:http';
import { isIP, type LookupFunction } from 'node:net';
import { type Clock, systemClock } from '../clock.ts';
import { ImageFault } from '../images/fault.ts';
import type { ImageErrorCode } from '../slides/outcome.ts';
import { observeUpstream } from '../telemetry/upstream.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { isInnerName, isPublicAddress } from './public-address.ts';
import { readCapped } from './read-capped.ts';

export interface PublicFetchOptions {
  /** Of the body, unpacked. */
  maxBytes: number;
  signal: AbortSignal;
  clock?: Clock;
  /** All addresses of a host. */
  lookup?: (host: string) => Promise<readonly string[]>;
  /** Whether an address may be connected to. */
  allow?: (address: string) => boolean;
  /** The one port. */
  port?: number;
  /** Instead of the usual authorities; PEM. */
  ca?: string;
}

const MOST_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];
/** From the name to the end of the handshake, for each hop; from there to the answer's head; and in all. */
const CONNECT_MS = 10_000;
const ANSWER_MS = 10_000;
const WHOLE_MS = 60_000;

const HEADERS = { accept: 'image/*, */*;q=0.5', 'accept-encoding': 'identity', 'user-agent': 'Hawker' };

/**
 * Throws the signal's reason, and ImageFault: `source_refused` for an address that may not be fetched (also one that a redirect leads to), `source_not_found` (404, 410), `source_forbidden` (401, 403),
 * `source_invalid` for any other answer that is no success, `source_too_large`, and `source_unavailable` for 408, 429, 5xx, no connection, no certificate that is valid, and no time left.
 * None tells the address or a piece of the answer. It is one step, redirects included, and nobody asked is told of the trace.
 */
export function fetchPublic(url: string, options: PublicFetchOptions): Promise<Uint8Array> {
  return observeUpstream({ upstream: 'web', operation: 'fetch', method: 'GET', url }, (answered) =>
    fetchThrough(url, options, answered),
  );
}

async function fetchThrough(
  url: string,
  options: PublicFetchOptions,
  answered: (status: number) => void,
): Promise<Uint8Array> {
  const { maxBytes, signal, clock = systemClock } = options;
  signal.throwIfAborted();
  const late = new AbortController();
  const ended = new AbortController();
  const stop = AbortSignal.any([signal, late.signal, ended.signal]);
  /** Answers what ends the limit. */
  const limit = (ms: number, what: string): (() => void) => {
    const over = new AbortController();
    clock.sleep(ms, AbortSignal.any([over.signal, ended.signal])).then(
      () => late.abort(fault('source_unavailable', `The source ${what} within ${ms / 1_000} s`)),
      () => {},
    );
    return () => over.abort();
  };
  limit(WHOLE_MS, 'was not read to its end');
  try {
    let next = checkAddress(URL.parse(url), options);
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const answer = await ask(next, options, stop, limit);
      const status = answer.statusCode ?? 0;
      answered(status);
      if (status === 200) return await readCapped(answer, maxBytes);
      answer.destroy();
      if (!REDIRECTS.includes(status)) throw refusal(status);
      const { location } = answer.headers;
      if (!location) throw fault('source_invalid', `The source answered ${status} without an address to go on to`);
      next = checkAddress(URL.parse(location, next.href), options);
    }
    throw fault('source_refused', `The source leads on more than ${MOST_REDIRECTS} times`);
  } catch (error) {
    signal.throwIfAborted();
    late.signal.throwIfAborted();
    if (error instanceof ImageFault) throw error;
    throw fault('source_unavailable', `The source cannot be read (${kindOf(error)})`);
  } finally {
    ended.abort();
  }
}

type Limit = (ms: number, what: string) => () => void;

/** Resolves with the head of the answer. */
async function ask(url: URL, options: PublicFetchOptions, stop: AbortSignal, limit: Limit): Promise<IncomingMessage> {
  const connected = limit(CONNECT_MS, 'was not reached');
  const addresses = await addressesOf(url, options, stop);
  const { Agent, request } = process.getBuiltinModule('node:https');
  // One of its own, for one connection: neither what others share nor what the environment says of proxies.
  const agent = new Agent({ keepAlive: false });
  let answered = () => {};
  return new Promise<IncomingMessage>((resolve, reject) => {
    const asking = request(url, {
      agent,
      headers: HEADERS,
      lookup: pinnedTo(addresses),
      rejectUnauthorized: true,
      signal: stop,
      ...(options.ca && { ca: options.ca }),
    });
    asking.once('socket', (socket) => {
      socket.once('connect', () => {
        if (!addresses.includes(socket.remoteAddress ?? '')) asking.destroy(notPublic());
      });
      socket.once('secureConnect', () => {
        connected();
        answered = limit(ANSWER_MS, 'did not answer');
      });
    });
    asking.once('response', (answer) => {
      answered();
      resolve(answer);
    });
    // Also those after the answer's head, which whoever reads the answer hears of as well.
    asking.on('error', reject);
    asking.end();
  });
}

/** Throws `source_refused`. */
function checkAddress(url: URL | null, { port = 443 }: PublicFetchOptions): URL {
  if (url?.protocol !== 'https:') throw fault('source_refused', 'Only https addresses are fetched');
  if (url.username || url.password)
    throw fault('source_refused', 'An address with a name or password in it is not fetched');
  if (Number(url.port || 443) !== port) throw fault('source_refused', `Only port ${port} is fetched from`);
  return url;
}

/** All of them may be connected to; throws `source_refused` where one may not. */
async function addressesOf(url: URL, options: PublicFetchOptions, stop: AbortSignal): Promise<readonly string[]> {
  const { allow = isPublicAddress, lookup = resolve } = options;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) === 0 && isInnerName(host)) throw notPublic();
  const addresses = isIP(host) === 0 ? await unlessAborted(lookup(host), stop) : [host];
  if (addresses.length === 0 || !addresses.every(allow)) throw notPublic();
  return addresses;
}

/** As the system does it. */
async function resolve(host: string): Promise<string[]> {
  const { lookup } = process.getBuiltinModule('node:dns/promises');
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

function pinnedTo(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, { all: every }, done) => {
    if (every) done(null, all);
    else done(null, all[0]?.address ?? '', all[0]?.family);
  };
}

function refusal(status: number): ImageFault {
  const answered = `The source answered ${status}`;
  if (status === 404 || status === 410) return fault('source_not_found', answered);
  if (status === 401 || status === 403) return fault('source_forbidden', answered);
  if (status === 408 || status === 429 || status >= 500) return fault('source_unavailable', answered);
  return fault('source_invalid', answered);
}

function notPublic(): ImageFault {
  return fault('source_refused', 'The address does not lead to the public Internet');
}

function fault(code: ImageErrorCode, detail: string): ImageFault {
  return new ImageFault(code, detail);
}

/** Such as ECONNREFUSED. The error itself may hold the address. */
function kindOf(error: unknown): string {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? code : 'unknown';
}

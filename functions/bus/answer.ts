/** What every answer of v2 has in common: who may read it, how long it holds, how old it is, and the meta of answers that come from the lists alone. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { MiddlewareHandler } from 'hono';
import type { Meta } from '#shared/bus/board.ts';
import type { Network } from '#shared/bus/lists.ts';
import type { Clock } from '#shared/clock.ts';
import { TTL_MS } from '#shared/lta/lta.ts';
import { note } from '#shared/telemetry/scope.ts';

const compress = promisify(gzip);

/** Shorter JSON does not get smaller by more than its headers. */
const GZIP_FROM_BYTES = 1024;
/** How long a shared cache may hand on a board, at most: longer would hide that a bus has come nearer. */
const MOST_SHARED_SECONDS = 10;
const LISTS_CACHE = 'public, max-age=300';

const EXPOSED = 'X-Data-Age, Retry-After, ETag, X-Request-Id';
const METHODS = 'GET, HEAD, POST, DELETE, OPTIONS';
const ASKED_HEADERS = 'Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Request-Id';

/** Lets pages of any origin read the answers, refusals among them. Nothing here depends on who asks, so there are no credentials. Answers preflights itself. */
export const openToAnyOrigin: MiddlewareHandler = async (c, next) => {
  const preflight = c.req.method === 'OPTIONS' && c.req.header('Access-Control-Request-Method') !== undefined;
  if (preflight)
    c.res = new Response(null, {
      status: 204,
      headers: {
        'Access-Control-Allow-Methods': METHODS,
        'Access-Control-Allow-Headers': ASKED_HEADERS,
        'Access-Control-Max-Age': '86400',
      },
    });
  else await next();
  c.res.headers.set('Access-Control-Allow-Origin', '*');
  c.res.headers.set('Access-Control-Expose-Headers', EXPOSED);
};

/** Compresses JSON for those who take gzip; streams and pages pass through untouched. */
export const compressJson: MiddlewareHandler = async (c, next) => {
  await next();
  const { res } = c;
  // It stands for an answer that varies.
  if (res.status === 304) res.headers.append('Vary', 'Accept-Encoding');
  if (!/^application\/(?:\w+\+)?json/.test(res.headers.get('Content-Type') ?? '') || !res.body) return;
  res.headers.append('Vary', 'Accept-Encoding');
  if (qualityOf(c.req.header('Accept-Encoding') ?? '', ['gzip', '*']) <= 0) return;
  const bytes = new Uint8Array(await res.arrayBuffer());
  const small = bytes.length < GZIP_FROM_BYTES;
  const { status, headers } = res;
  if (!small) headers.set('Content-Encoding', 'gzip');
  c.res = new Response(small ? bytes : await compress(bytes), { status, headers });
};

/**
 * The weight that an Accept-like header gives to the first of `names` that it mentions (RFC 9110 section 12.4.2), 0 where it mentions none. Name the most specific
 * first.
 */
export function qualityOf(header: string, names: readonly string[]): number {
  const weights = new Map(
    header.split(',').map((part) => {
      const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return [name, weight === undefined ? 1 : Number(weight) || 0] as const;
    }),
  );
  const name = names.find((candidate) => weights.has(candidate));
  return name === undefined ? 0 : (weights.get(name) ?? 0);
}

/** Of an answer that tells when buses come, noted in the log as well. Kept by shared caches only while LTA would say nothing new. */
export function boardHeaders(meta: Meta): Record<string, string> {
  note({ source: meta.source, ageS: meta.age, ...(meta.upstream.reason && { upstreamTrouble: meta.upstream.reason }) });
  const fetched = meta.fetchedAt === null ? undefined : Date.parse(meta.fetchedAt);
  return {
    'Cache-Control': boardCache(meta, fetched),
    ...(meta.age !== null && { 'X-Data-Age': String(meta.age) }),
    ...(fetched !== undefined && { 'Last-Modified': new Date(fetched).toUTCString() }),
  };
}

function boardCache(meta: Meta, fetched: number | undefined): string {
  if (meta.stale || meta.upstream.status === 'failing' || fetched === undefined) return 'no-store';
  const freshMs = fetched + TTL_MS - Date.parse(meta.now);
  const seconds = Math.min(MOST_SHARED_SECONDS, Math.floor(freshMs / 1000));
  return seconds > 0 ? `public, max-age=0, s-maxage=${seconds}` : 'no-store';
}

/** The meta of an answer for which LTA was not asked. */
export function listMeta(network: Network, clock: Clock): Meta {
  const { stops, services, routes } = network.sources;
  const source = stops ?? services ?? routes;
  const demo = source === undefined || source.from === 'sample';
  const now = clock.now();
  const fetchedAt = source?.at ?? null;
  return {
    source: demo ? 'demo' : 'list',
    fetchedAt,
    age: fetchedAt === null ? null : Math.max(0, Math.floor((now - Date.parse(fetchedAt)) / 1000)),
    stale: false,
    upstream: { status: 'none' },
    now: new Date(now).toISOString(),
    lists: { version: network.version, source: source?.from ?? 'sample', fetchedAt },
  };
}

/**
 * An answer made from the lists alone: 304 where the caller has it already. It is the same for everybody until the next publication, and where it depends on
 * something else, such as today's date, until `also` changes. The tag is weak, since `meta.now` differs each time.
 */
export function listAnswer(
  network: Network,
  body: { meta: Meta } & Record<string, unknown>,
  asked: { ifNoneMatch: string | undefined; also?: string },
): Response {
  const tag = encodeURIComponent(asked.also === undefined ? network.version : `${network.version}~${asked.also}`);
  const headers = { ETag: `W/"${tag}"`, 'Cache-Control': LISTS_CACHE };
  const request = new Headers(asked.ifNoneMatch === undefined ? {} : { 'If-None-Match': asked.ifNoneMatch });
  if (notModified(request, headers)) return new Response(null, { status: 304, headers });
  return Response.json(body, { headers });
}

/** Whether the caller has this answer already. Times count only where no tag is asked for (RFC 9110 section 13.2.2). */
export function notModified(request: Headers, answer: { ETag: string; 'Last-Modified'?: string }): boolean {
  const asked = request.get('If-None-Match');
  const weak = (text: string) => text.trim().replace(/^W\//, '');
  if (asked !== null) return asked.trim() === '*' || asked.split(',').map(weak).includes(weak(answer.ETag));
  const since = Date.parse(request.get('If-Modified-Since') ?? '');
  const modified = answer['Last-Modified'];
  return modified !== undefined && Date.parse(modified) <= since;
}

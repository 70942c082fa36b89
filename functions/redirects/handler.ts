/**
 * From a request to its answer. A path that was asked for before is answered at once, by what was made ready then; everything else waits for
 * the store in `answerLater`. Both end in `answer`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Runtime } from '#shared/define.ts';
import { isAppError } from '#shared/errors.ts';
import { createForwarding } from '#shared/http/addresses.ts';
import { gone, type Redirect } from '#shared/links/decide.ts';
import { normaliseHost } from '#shared/links/host.ts';
import type { Labelled } from '#shared/links/labels.ts';
import { splitAddress } from '#shared/links/request.ts';
import { createCache, type Known } from './cache.ts';
import { createHits } from './hits.ts';
import { MOST_WAIT_MS } from './in-time.ts';
import { type Ready, readyFor, readyOf } from './ready.ts';
import { createRecorder } from './recorder.ts';
import { refuse } from './refusals.ts';
import { reserved } from './reserved.ts';
import { createUses } from './uses.ts';
import { createVisitors } from './visitors.ts';

export interface Redirects {
  listener(request: IncomingMessage, response: ServerResponse): void;
  /** Hands on the hits still held here. */
  drain(withinMs: number): Promise<void>;
}

const NOT_ASCII = /[^\p{ASCII}]/u;
/** Sent by programs besides the real request; they open nothing. */
const NEVER_COUNTED = new Set(['OPTIONS', 'TRACE', 'CONNECT']);

export function createRedirects({ config, store, queue, log, clock, ids }: Runtime): Redirects {
  const forwarding = createForwarding(config.HAWKER_TRUSTED_PROXIES);
  const cache = createCache<Ready>(store, clock, log);
  const uses = createUses(store, clock, ids);
  const hits = createHits(queue, clock, ids, log);
  const visitors = createVisitors(store, clock, ids, log);
  const recorder = createRecorder({ forwarding, hits, visitors, clock, countryHeader: config.HAWKER_COUNTRY_HEADER });

  function listener(request: IncomingMessage, response: ServerResponse): void {
    try {
      if (!answerNow(request, response))
        answerLater(request, response).catch((error) => fail(request, response, error));
    } catch (error) {
      fail(request, response, error);
    }
  }

  /** Whether all that was needed is known here. */
  function answerNow(request: IncomingMessage, response: ServerResponse): boolean {
    const url = request.url ?? '';
    const host = normaliseHost(hostOf(request));
    const mark = url.indexOf('?');
    const known = host === undefined ? undefined : cache.peek(host, mark < 0 ? url : url.slice(0, mark));
    if (!known) return false;
    // A path that is known was looked at then; a query is new.
    const address = mark < 0 ? undefined : splitAddress(url);
    if (mark >= 0 && !address) return false;
    const ready = readyFor(known, address?.query, clock.now());
    if (ready.limited) return false;
    answer(request, response, ready);
    return true;
  }

  async function answerLater(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const address = splitAddress(request.url ?? '');
    if (!address) return refuse(request, response, 'bad_request');
    const own = reserved(address.path);
    if (own) return own(request, response);
    const host = normaliseHost(address.authority ?? hostOf(request));
    const known = host === undefined ? 'unknown-host' : await cache.find(host, address.path);
    if (known === 'unknown-host') return refuse(request, response, 'not_found');
    if (known === 'malformed') return refuse(request, response, 'bad_request');
    const ready = readyFor(known, address.query, clock.now());
    if (ready.limited) await answerLimited(request, response, known, ready);
    else answer(request, response, ready);
  }

  /** Only people use a link up; when it is, it is for everybody. */
  async function answerLimited(request: IncomingMessage, response: ServerResponse, known: Known<Ready>, ready: Ready) {
    const { limited, hit, decision } = ready;
    if (!limited || !hit || decision.kind !== 'redirect') return;
    if (!allows(request, decision)) return refuse(request, response, 'method_not_allowed');
    const labelled = recorder.label(request, hit);
    const taking = labelled.label === 'human' && counts(request);
    const left = taking
      ? await uses.take(limited.id, limited.clickLimit)
      : !(await uses.usedUp(limited.id, limited.clickLimit));
    if (left) redirect(request, response, ready, decision, labelled);
    else answer(request, response, readyOf(gone(known.domain, 'used-up', limited), known.domain));
  }

  function answer(request: IncomingMessage, response: ServerResponse, ready: Ready): void {
    const { decision, hit } = ready;
    if (decision.kind !== 'redirect') refuse(request, response, decision.kind);
    else if (!allows(request, decision)) refuse(request, response, 'method_not_allowed');
    else redirect(request, response, ready, decision, hit && recorder.label(request, hit));
  }

  /**
   * Where CPU may stop after the last byte, and where more hits are held than the queue takes, the answer ends only when its hit is handed on.
   * Its headers, which are all a browser waits for, leave at once; HEAD has nothing else, so it waits as a whole.
   */
  function redirect(
    request: IncomingMessage,
    response: ServerResponse,
    { headers, hit }: Ready,
    { status }: Redirect,
    labelled: Labelled | undefined,
  ): void {
    const counted = hit && labelled && counts(request);
    if (!counted || !(config.cloudRun || hits.pressed())) {
      response.writeHead(status, [...headers, 'Content-Length', '0']).end();
      if (counted) recorder.record(request, hit, labelled);
      return;
    }
    const send = () => response.writeHead(status, [...headers]);
    if (request.method !== 'HEAD') send().flushHeaders();
    const end = once(() => {
      over.abort();
      if (!response.headersSent) send();
      response.end();
    });
    const over = new AbortController();
    recorder.record(request, hit, labelled, end);
    if (!over.signal.aborted) clock.sleep(MOST_WAIT_MS, over.signal).then(end, () => {});
  }

  function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const expected = isAppError(error) && error.status === 503;
    if (!expected) log.error('a redirect failed', { error });
    if (response.headersSent) response.destroy();
    else refuse(request, response, expected || isAppError(error, 'conflict') ? 'unavailable' : 'internal');
  }

  /** As sent, its bytes read as UTF-8, which is how names that are not A-labels arrive. */
  function hostOf(request: IncomingMessage): string {
    const host =
      config.HAWKER_TRUSTED_PROXIES.length === 0 ? (request.headers.host ?? '') : forwarding.requestedHost(request);
    return NOT_ASCII.test(host) ? Buffer.from(host, 'latin1').toString() : host;
  }

  return { listener, drain: hits.drain };
}

/** 301 and 302 let a client turn another method into GET, 307 and 308 do not (RFC 9110, 15.4). */
function allows({ method }: IncomingMessage, { status }: Redirect): boolean {
  return method === 'GET' || method === 'HEAD' || status === 307 || status === 308;
}

function counts({ method }: IncomingMessage): boolean {
  return method === 'GET' || !NEVER_COUNTED.has(method ?? '');
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}

/**
 * From a request to its answer. A path that was asked for before is answered at once, by what was made ready then; everything else waits for
 * the store in `answerLater`. Both end in `answer`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Runtime } from '#shared/define.ts';
import { isAppError } from '#shared/errors.ts';
import { createForwarding, namesOneHost } from '#shared/http/addresses.ts';
import { gone, type Redirect } from '#shared/links/decide.ts';
import { normaliseHost } from '#shared/links/host.ts';
import type { Labelled } from '#shared/links/labels.ts';
import type { HitLabel } from '#shared/links/records.ts';
import { splitAddress } from '#shared/links/request.ts';
import { DEBUG_HEADER } from '#shared/telemetry/debug-header.ts';
import { currentScope } from '#shared/telemetry/scope.ts';
import { flushTelemetry } from '#shared/telemetry/start-telemetry.ts';
import { createCache, type Known } from './cache.ts';
import { createHits } from './hits.ts';
import { MOST_WAIT_MS } from './in-time.ts';
import { type HitOfLink, type Ready, readyFor, readyOf } from './ready.ts';
import { createRecorder } from './recorder.ts';
import { type RefusalCode, refuse as sendRefusal } from './refusals.ts';
import { reserved } from './reserved.ts';
import { type CacheUse, createTelling, type Told } from './telling.ts';
import { createUses } from './uses.ts';
import { createVisitors } from './visitors.ts';

export interface Redirects {
  listener(request: IncomingMessage, response: ServerResponse): void;
  /** Hands on the hits still held here. */
  drain(withinMs: number): Promise<void>;
}

/** Made once, since one is handed up for each request. */
const REDIRECTED: Told = { outcome: 'redirected' };
const REDIRECTED_BY = Object.fromEntries(
  (['human', 'bot', 'preview', 'prefetch', 'head', 'scanner'] as const).map((label) => [
    label,
    { ...REDIRECTED, label },
  ]),
) as Record<HitLabel, Told>;
const RESERVED: Told = { outcome: 'reserved' };
const FAILED: Told = { outcome: 'failed' };
const REFUSED: Record<RefusalCode, Told> = {
  bad_request: { outcome: 'refused' },
  method_not_allowed: { outcome: 'refused' },
  not_found: { outcome: 'not_found' },
  gone: { outcome: 'gone' },
  unavailable: { outcome: 'unavailable' },
  internal: FAILED,
};

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

  const telling = createTelling(log);

  function listener(request: IncomingMessage, response: ServerResponse): void {
    const began = performance.now();
    const wanted = telling.wanted(request, began);
    if (!wanted && answeredAtOnce(request, response, began)) return;
    const invocation = telling.begin(request, began, wanted);
    if (wanted?.debug) response.setHeader(DEBUG_HEADER, 'on');
    void invocation.run(async () => {
      let cache: CacheUse = 'hit';
      try {
        let told = wanted && answerNow(request, response);
        if (!told) {
          cache = 'miss';
          told = await answerLater(request, response);
        }
        telling.end(request, response, { told, began, cache, invocation });
      } catch (error) {
        const told = fail(request, response, error);
        telling.end(request, response, { told, began, cache, invocation, error });
      }
    });
  }

  function answeredAtOnce(request: IncomingMessage, response: ServerResponse, began: number): boolean {
    try {
      const told = answerNow(request, response);
      if (!told) return false;
      telling.answered(request, response, told, began);
    } catch (error) {
      telling.end(request, response, { told: fail(request, response, error), began, cache: 'hit', error });
    }
    return true;
  }

  /** Undefined where not all that is needed is known here. */
  function answerNow(request: IncomingMessage, response: ServerResponse): Told | undefined {
    const url = request.url ?? '';
    if (!namesOneHost(request)) return undefined;
    const host = normaliseHost(hostOf(request));
    const mark = url.indexOf('?');
    const known = host === undefined ? undefined : cache.peek(host, mark < 0 ? url : url.slice(0, mark));
    if (!known) return undefined;
    // A path that is known was looked at then; a query is new.
    const address = mark < 0 ? undefined : splitAddress(url);
    if (mark >= 0 && !address) return undefined;
    const ready = readyFor(known, address?.query, clock.now());
    if (ready.limited) return undefined;
    return answer(request, response, ready);
  }

  async function answerLater(request: IncomingMessage, response: ServerResponse): Promise<Told> {
    const address = splitAddress(request.url ?? '');
    if (!address || !namesOneHost(request)) return refuse(request, response, 'bad_request');
    const own = reserved(address.path);
    if (own) {
      own(request, response);
      return RESERVED;
    }
    const host = normaliseHost(address.authority ?? hostOf(request));
    const known = host === undefined ? 'unknown-host' : await cache.find(host, address.path);
    if (known === 'unknown-host') return refuse(request, response, 'not_found');
    if (known === 'malformed') return refuse(request, response, 'bad_request');
    const ready = readyFor(known, address.query, clock.now());
    return ready.limited ? answerLimited(request, response, known, ready) : answer(request, response, ready);
  }

  /** Only people use a link up; when it is, it is for everybody. */
  async function answerLimited(
    request: IncomingMessage,
    response: ServerResponse,
    known: Known<Ready>,
    ready: Ready,
  ): Promise<Told> {
    const { limited, hit, decision } = ready;
    if (!limited || !hit || decision.kind !== 'redirect') return answer(request, response, ready);
    if (!allows(request, decision)) return refuse(request, response, 'method_not_allowed');
    const labelled = recorder.label(request, hit);
    const taking = labelled.label === 'human' && counts(request);
    const left = taking
      ? await uses.take(limited.id, limited.clickLimit)
      : !(await uses.usedUp(limited.id, limited.clickLimit));
    return left
      ? redirect(request, response, ready, decision, labelled)
      : answer(request, response, readyOf(gone(known.domain, 'used-up', limited), known.domain));
  }

  function answer(request: IncomingMessage, response: ServerResponse, ready: Ready): Told {
    const { decision } = ready;
    if (decision.kind !== 'redirect') return refuse(request, response, decision.kind);
    if (!allows(request, decision)) return refuse(request, response, 'method_not_allowed');
    return redirect(request, response, ready, decision);
  }

  /**
   * Where CPU may stop after the last byte, and where more hits are held than the queue takes, the answer ends only when its hit is handed on; on the former, one that is
   * recorded also waits for its trace to be sent. Its headers, which are all a browser waits for, leave at once; HEAD has nothing else, so it waits as a whole.
   */
  function redirect(
    request: IncomingMessage,
    response: ServerResponse,
    { headers, hit }: Ready,
    { status }: Redirect,
    known?: Labelled,
  ): Told {
    const counted = counts(request) ? hit : undefined;
    const recorded = mustBeSentNow();
    if (!recorded && !(counted && (config.cloudRun || hits.pressed()))) {
      // Nobody waits for being judged.
      response.writeHead(status, [...headers, 'Content-Length', '0']).end();
      return counted ? record(request, counted, known) : REDIRECTED;
    }
    const send = () => response.writeHead(status, [...headers]);
    if (request.method !== 'HEAD') send().flushHeaders();
    const end = once(() => {
      over.abort();
      if (!response.headersSent) send();
      response.end();
    });
    const over = new AbortController();
    const handedOn = recorded ? () => void flushRecorded().then(end) : end;
    response.statusCode = status;
    const told = counted ? record(request, counted, known, handedOn) : REDIRECTED;
    if (!counted) handedOn();
    if (!over.signal.aborted) clock.sleep(MOST_WAIT_MS, over.signal).then(end, () => {});
    return told;
  }

  function record(request: IncomingMessage, hit: HitOfLink, known: Labelled | undefined, done?: () => void): Told {
    const labelled = known ?? recorder.label(request, hit);
    recorder.record(request, hit, labelled, done);
    return REDIRECTED_BY[labelled.label];
  }

  function refuse(request: IncomingMessage, response: ServerResponse, code: RefusalCode): Told {
    sendRefusal(request, response, code, mustBeSentNow() ? flushRecorded() : undefined);
    return REFUSED[code];
  }

  /** Whether the request that is answered has a trace to be sent, by a process that may be given no time after the answer. */
  function mustBeSentNow(): boolean {
    return config.cloudRun && currentScope()?.span !== undefined;
  }

  /** The spans of a request are whole once all that it waited for has been told of. */
  async function flushRecorded(): Promise<void> {
    await new Promise(setImmediate);
    await flushTelemetry(MOST_WAIT_MS);
  }

  function fail(request: IncomingMessage, response: ServerResponse, error: unknown): Told {
    const unavailable = isAppError(error) && (error.status === 503 || error.code === 'conflict');
    if (!response.headersSent) return refuse(request, response, unavailable ? 'unavailable' : 'internal');
    response.destroy();
    return FAILED;
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

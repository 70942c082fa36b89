/** Asks LTA DataMall. Each request is bounded in time and size, and every answer that cannot be used has a name for it. */
import type { Clock } from '../clock.ts';
import { neverConnected } from '../http/failed-fetch.ts';
import { readRetryAfter } from '../http/retry-after.ts';
import { observeUpstream } from '../telemetry/upstream.ts';
import { type LtaClient, LtaError } from './lta.ts';
import { readArrivals } from './read-arrivals.ts';
import { readBody } from './read-body.ts';
import { connectionTrouble } from './unreachable.ts';

/** How long a request may take from its start to the last byte of its answer, a second attempt included; and how large the answer may be when unpacked. */
interface Bounds {
  ms: number;
  bytes: number;
}

/** Somebody waits for it. The largest real reply, of 50 services, is some 40 KB. */
const ARRIVALS: Bounds = { ms: 4_000, bytes: 1_048_576 };
/** Nobody waits for it. Real pages are 70 to 120 KB. */
const PAGE: Bounds = { ms: 15_000, bytes: 4 * 1_048_576 };

export interface LtaClientOptions {
  /** As LTA_BASE_URL: without a trailing slash. */
  baseUrl: string;
  /** Goes into the header AccountKey and nowhere else. */
  key: string;
  clock: Clock;
}

export function createLtaClient({ baseUrl, key, clock }: LtaClientOptions): LtaClient {
  const headers = { AccountKey: key, accept: 'application/json' };

  /** LTA is told nothing of the trace. */
  const observed = <T>(operation: 'arrivals' | 'list', work: (answered: (status: number) => void) => Promise<T>) =>
    observeUpstream({ upstream: 'lta', operation, method: 'GET', url: baseUrl }, work);

  /** Answers with 2xx alone; throws LtaError for all others, and the signal's reason. */
  async function ask(
    path: string,
    bounds: Bounds,
    signal: AbortSignal | undefined,
    answered: (status: number) => void,
  ): Promise<Answer> {
    signal?.throwIfAborted();
    const request = new AbortController();
    const timer = new AbortController();
    clock.sleep(bounds.ms, timer.signal).then(
      () => request.abort(new LtaError('timeout', `LTA has not answered within ${bounds.ms / 1_000} seconds`)),
      () => {},
    );
    const onAbort = () => request.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const response = await connect(`${baseUrl}${path}`, request.signal);
      const httpStatus = response.status;
      answered(httpStatus);
      refuse(response, clock.now());
      return { httpStatus, body: await readBody(response, bounds.bytes) };
    } catch (error) {
      // Whichever came first, the time limit or the caller; what fetch throws then says nothing more.
      if (request.signal.aborted) throw request.signal.reason as Error;
      throw error;
    } finally {
      timer.abort();
      signal?.removeEventListener('abort', onAbort);
      // Ends an answer that is not read to its end; one that is keeps its connection.
      request.abort();
    }
  }

  /** A second attempt costs nothing where LTA has seen nothing of the first. */
  async function connect(url: string, signal: AbortSignal): Promise<Response> {
    const attempt = () => fetch(url, { headers, redirect: 'manual', signal });
    try {
      return await attempt().catch((error: unknown) => {
        if (signal.aborted || !neverConnected(error)) throw error;
        return attempt();
      });
    } catch (error) {
      throw connectionTrouble(error);
    }
  }

  return {
    arrivals: (stop, signal) =>
      observed('arrivals', async (answered) => {
        const path = `/v3/BusArrival?BusStopCode=${encodeURIComponent(stop)}`;
        const answer = await ask(path, ARRIVALS, signal, answered);
        // User Guide, section 2.1: outside hours of operation there is "no response", not even its tags.
        if (answer.body.trim() === '') return [];
        return readArrivals(parse(answer), answer.httpStatus);
      }),

    page: (set, skip, signal) =>
      observed('list', async (answered) => {
        const answer = await ask(`/${set}?$skip=${skip}`, PAGE, signal, answered);
        const { value } = Object(parse(answer)) as { value?: unknown };
        // An empty body is no page: it would look like the end of the set.
        if (!Array.isArray(value) || !value.every(isRow)) throw badBody(answer, 'holds no rows');
        return value;
      }),
  };
}

interface Answer {
  httpStatus: number;
  body: string;
}

/** Throws for every status but 2xx. What such an answer says is not looked at: it has been HTML, JSON and nothing, with any content type. */
function refuse({ status: httpStatus, headers, ok }: Response, now: number): void {
  if (ok) return;
  const retryAfterMs = readRetryAfter(headers.get('retry-after'), now);
  const options = { httpStatus, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  if (httpStatus >= 300 && httpStatus < 400)
    throw new LtaError('redirected', `LTA redirects (${httpStatus}), which is not followed`, options);
  if (httpStatus === 401 || httpStatus === 403)
    throw new LtaError('key_refused', `LTA refused the key (${httpStatus})`, options);
  if (httpStatus === 404) throw new LtaError('not_found', 'LTA does not know this address (404)', options);
  if (httpStatus === 429) throw new LtaError('rate_limited', 'LTA was asked too often (429)', options);
  throw new LtaError('bad_status', `LTA answered with status ${httpStatus}`, options);
}

function parse(answer: Answer): unknown {
  try {
    return JSON.parse(answer.body) as unknown;
  } catch {
    // The parser's own message quotes the body.
    throw badBody(answer, 'is not JSON');
  }
}

function badBody({ httpStatus }: Answer, what: string): LtaError {
  return new LtaError('bad_body', `LTA's answer ${what}`, { httpStatus });
}

function isRow(row: unknown): row is Record<string, unknown> {
  return typeof row === 'object' && row !== null && !Array.isArray(row);
}

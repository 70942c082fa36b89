/**
 * A client of a cluster's API server that does no more than leases need: one JSON object out, one JSON object back, over HTTPS with the
 * cluster's own CA. Node's fetch takes no CA, and the official client is far larger than all that uses it here.
 *
 * No answer is trusted: it has to be JSON of the kind that was asked for, whole and of a reasonable size. What went wrong before it counts as
 * `unavailable`, and as `outcome_unknown` where a write may have happened.
 */
import { Agent, type RequestOptions, request } from 'node:https';
import type { Clock } from '../clock.ts';
import { AppError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { lost, refusal } from './kubernetes-refusals.ts';
import { openServiceAccount } from './service-account.ts';

/** What is asked of leases, by the verb that a role has to allow. */
export interface ApiCall {
  verb: 'get' | 'list' | 'create' | 'update';
  /** Absent for `list` and `create`. */
  name?: string;
  query?: Record<string, string>;
  body?: object;
}

export interface KubernetesApi {
  readonly namespace: string;
  /**
   * The object it answers, which is of this kind. Ends within CALL_MS.
   * Errors (AppError): `not_found` where there is no such Lease, `conflict`, `invalid`, `unavailable`, `outcome_unknown`.
   */
  call(kind: 'Lease' | 'LeaseList', call: ApiCall): Promise<Record<string, unknown>>;
  close(): void;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

interface ApiOptions {
  host: string;
  port: string;
  folder: string;
  clock: Clock;
  log: Log;
}

/** One call with all its attempts, milliseconds. A renewal every five seconds has time for one more. */
const CALL_MS = 3_000;
/** Below this much, in milliseconds, another attempt is not worth its while; and none follows another sooner where the server is busy. */
const LEAST_MS = 100;
/** A Lease has about a kilobyte; a page of a hundred with all their histories has less than this many bytes. */
const MOST_BYTES = 4 * 1024 * 1024;

const METHODS = { get: 'GET', list: 'GET', create: 'POST', update: 'PUT' } as const;

/** What node says when it does not trust a certificate. Nothing has been sent by then. */
const DISTRUST = /CERT|ISSUER|UNABLE_TO_VERIFY|INVALID_CA|HOSTNAME_MISMATCH|ERR_TLS|ERR_SSL/;

export async function openKubernetesApi({ host, port, folder, clock, log }: ApiOptions): Promise<KubernetesApi> {
  const account = await openServiceAccount(folder, { clock, log });
  const closed = new AbortController();
  const connect = () => new Agent({ keepAlive: true, ca: account.ca });
  let agent = connect();
  // An IPv6 address comes with or without brackets; a socket wants it without.
  const server = { host: host.replace(/^\[(.*)\]$/, '$1'), port };

  /** One attempt of at most `ms` milliseconds. */
  async function attempt(given: ApiCall, ms: number): Promise<Answer> {
    const { verb, body } = given;
    const text = body && JSON.stringify(body);
    const done = new AbortController();
    const late = new AbortController();
    clock.sleep(ms, done.signal).then(
      () => late.abort(new Error(`no answer within ${Math.round(ms)} ms`)),
      () => {},
    );
    try {
      return await exchange(
        {
          ...server,
          agent,
          method: METHODS[verb],
          path: pathOf(account.namespace, given),
          headers: {
            Authorization: `Bearer ${await account.token()}`,
            Accept: 'application/json',
            ...(text && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
          },
          signal: AbortSignal.any([late.signal, closed.signal]),
        },
        text,
      );
    } catch (error) {
      throw late.signal.aborted ? late.signal.reason : error;
    } finally {
      done.abort();
    }
  }

  /** Repeats what was refused for a reason that can be mended at once, or that the server says will pass in time. */
  async function answerTo(given: ApiCall): Promise<Answer> {
    const end = clock.mono() + CALL_MS;
    const mended = new Set<string>();
    const once = (what: string) => !mended.has(what) && Boolean(mended.add(what));
    for (;;) {
      const left = end - clock.mono();
      let answer: Answer;
      try {
        answer = await attempt(given, left);
      } catch (error) {
        const { code = '' } = error as NodeJS.ErrnoException;
        if (DISTRUST.test(code)) {
          if (once('CA') && (await account.rereadCa())) {
            log.info("the cluster's CA has changed");
            agent.destroy();
            agent = connect();
            continue;
          }
          throw new AppError('unavailable', `the certificate of Kubernetes is not trusted: ${messageOf(error)}`);
        }
        if (error instanceof StaleConnection && once('connection')) continue;
        throw lost(given.verb, messageOf(error), error);
      }
      if (answer.status === 401 && once('token')) {
        account.forgetToken();
        continue;
      }
      const pause = pauseMs(answer, clock.now());
      if (pause === undefined || pause > end - clock.mono() - LEAST_MS) return answer;
      await clock.sleep(pause, closed.signal);
    }
  }

  return {
    namespace: account.namespace,
    async call(kind, given) {
      const answer = await answerTo(given);
      const value = objectOf(answer.text);
      if (answer.status < 200 || answer.status > 299) throw refusal(given, account.namespace, answer, value);
      if (value?.['kind'] === kind && value['apiVersion'] === 'coordination.k8s.io/v1') return value;
      throw lost(given.verb, `answered ${answer.status} with something else than a ${kind}`);
    },
    close() {
      closed.abort(new Error('the client is closed'));
      agent.destroy();
    },
  };
}

/** A connection that had been left open was closed under the request by the other side. */
class StaleConnection extends Error {}

function exchange(options: RequestOptions, body: string | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let answered = false;
    const sent = request(options, (response) => {
      answered = true;
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        parts.push(part);
        if (size > MOST_BYTES) response.destroy(new Error(`an answer of more than ${MOST_BYTES} bytes`));
      });
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(parts).toString() }),
      );
      // Also where the answer is cut off.
      response.once('error', reject);
    });
    sent.once('error', (error: NodeJS.ErrnoException) => {
      const stale = sent.reusedSocket && !answered && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      reject(stale ? new StaleConnection(error.message, { cause: error }) : error);
    });
    sent.end(body);
  });
}

function pathOf(namespace: string, { name, query }: ApiCall): string {
  const leases = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
  const search = query ? `?${new URLSearchParams(query)}` : '';
  return `${leases}${name === undefined ? '' : `/${encodeURIComponent(name)}`}${search}`;
}

/** How long the server asks to be left alone, and some time even where it says none; undefined where it does not ask. */
function pauseMs({ status, headers }: Answer, now: number): number | undefined {
  const after = headers['retry-after'];
  if ((status !== 429 && status !== 503) || typeof after !== 'string') return undefined;
  const ms = /^\d+$/.test(after) ? Number(after) * 1_000 : Date.parse(after) - now;
  return Number.isFinite(ms) ? Math.max(LEAST_MS, ms) : undefined;
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

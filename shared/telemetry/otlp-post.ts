/**
 * One request to the collector that OTEL_EXPORTER_OTLP_ENDPOINT names, by OTLP over HTTP: https://opentelemetry.io/docs/specs/otlp/#otlphttp
 *
 * Google's own takes it in the name of this service's account. The token for it goes to that origin alone, or to GOOGLE_APIS_ROOT_URL in its place; no redirect is
 * followed anywhere, so no header gets further than where the settings say.
 */
import type { Clock } from '../clock.ts';
import type { Answer, Bounds, Request } from '../google/ask.ts';
import type { Rig } from '../google/ask-again.ts';
import { startAttempt } from '../google/attempt.ts';
import { readBytes } from '../http/read-bytes.ts';
import { openedOnce } from '../opened-once.ts';
import type { Collector, CollectorSettings, Signal } from './collector.ts';

/** Throws NoAnswer, and for Google's the errors of getting a token. */
export type Post = (signal: Signal, body: Uint8Array<ArrayBuffer>, gzipped: boolean, bounds: Bounds) => Promise<Answer>;

/** https://cloud.google.com/stackdriver/docs/reference/telemetry/api */
const SCOPES: Record<Signal, string> = {
  traces: 'https://www.googleapis.com/auth/trace.append',
  metrics: 'https://www.googleapis.com/auth/monitoring.write',
};

export function createPost({ byAccount, addressOf }: Collector, config: CollectorSettings, rig: Rig): Post {
  const { clock } = rig;
  const { OTEL_EXPORTER_OTLP_HEADERS: own } = config;
  const requestOf = (signal: Signal, body: Uint8Array<ArrayBuffer>, gzipped: boolean): Request => ({
    url: addressOf(signal),
    body,
    headers: {
      'user-agent': 'hawker',
      ...own,
      'content-type': 'application/x-protobuf',
      ...(gzipped && { 'content-encoding': 'gzip' }),
    },
  });
  if (!byAccount) return (signal, body, gzipped, bounds) => post(requestOf(signal, body, gzipped), bounds, clock);

  const { GOOGLE_CLOUD_PROJECT: project } = config;
  const billed = project === undefined ? {} : { 'x-goog-user-project': project };
  const openAccount = openedOnce(async () =>
    (await import('../google/own-account.ts')).createOwnAccount(config, undefined, rig),
  );
  return async (signal, body, gzipped, bounds) => {
    const account = await openAccount();
    const request = requestOf(signal, body, gzipped);
    const once = async () => {
      const token = await account.headers(SCOPES[signal], bounds.signal);
      return post({ ...request, headers: { ...billed, ...request.headers, ...token } }, bounds, clock);
    };
    const answer = await once();
    return answer.status === 401 && account.forget(SCOPES[signal]) ? once() : answer;
  };
}

/** What is said beside a status is of use only if it is short and comes in time. */
async function post(request: Request, { ms, bytes, signal }: Bounds, clock: Clock): Promise<Answer> {
  const { url, ...init } = request;
  const attempt = startAttempt(signal, clock);
  const work = async (): Promise<Answer> => {
    const response = await fetch(url, { ...init, method: 'POST', redirect: 'manual', signal: attempt.signal });
    const said = await readBytes(response.body, bytes).catch(() => new Uint8Array());
    return { status: response.status, headers: response.headers, bytes: said };
  };
  try {
    return await attempt.inTime(work, ms, `has not answered within ${Math.ceil(ms / 1_000)} seconds`);
  } catch (error) {
    throw attempt.named(error);
  } finally {
    attempt.end();
  }
}

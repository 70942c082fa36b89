/**
 * A second port for whoever operates this: `/metrics` for Prometheus, and what else it is given. Loaded only where HAWKER_OPS_PORT is set.
 *
 * It is not the first port's business: visitors must not read the numbers, and who measures must not wait behind visitors. Cloud Run lets nobody in here but what runs
 * beside the function; on Kubernetes it is the pods of the cluster, unless a policy says otherwise. Under `npm start` it listens where the first port does.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { Log } from '../log.ts';
import { openedOnce } from '../opened-once.ts';
import { collect } from '../telemetry/metrics.ts';
import type { Worker } from './lifecycle.ts';
import { drainServer, listen, StartError } from './listen.ts';

export type OpsRoute = (request: Request) => Response | Promise<Response>;

export interface OpsOptions {
  /** 0 takes a free one. */
  port: number;
  /** All addresses where absent. */
  host: string | undefined;
  /** Who is measured, in OpenTelemetry's names. */
  resource: Readonly<Record<string, string>>;
  /** By method and path, such as `POST /profiles`. GET answers HEAD as well. */
  routes: Readonly<Record<string, OpsRoute>>;
  /** Resolves when there is all that can be told. */
  measured?: () => Promise<void>;
  log: Log;
}

export interface OpsServer extends Worker {
  port: number;
}

/** Whoever asks here asks little: a scrape, a probe, a call by hand. */
const LIMITS = { headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 65_000, maxHeaderSize: 8_192 };
const MOST_CONNECTIONS = 100;

/** Throws StartError where it cannot listen. */
export async function startOpsServer({ port, host, resource, routes, measured, log }: OpsOptions): Promise<OpsServer> {
  const listeners = new Map<string, RequestListener>([
    [
      'GET /metrics',
      async (request, response) => {
        await measured?.().catch((error: unknown) => log.error('a part of the metrics cannot be loaded', { error }));
        await answerMetrics(request, response, resource, log);
      },
    ],
    ...Object.entries(routes).map(([name, route]) => [name, lazyListener(route)] as const),
  ]);
  const methods = new Map<string, string[]>();
  for (const name of listeners.keys()) {
    const [method = '', path = ''] = name.split(' ');
    methods.set(path, [...(methods.get(path) ?? []), ...(method === 'GET' ? ['GET', 'HEAD'] : [method])]);
  }

  const server = createServer(LIMITS, (request, response) => {
    const path = (request.url ?? '').replace(/\?.*$/s, '');
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const listener = listeners.get(`${method} ${path}`);
    if (listener) return listener(request, response);
    const allowed = methods.get(path);
    if (!allowed) return refuse(response, 404, `there is ${[...methods.keys()].join(', ')}`);
    refuse(response.setHeader('Allow', allowed.join(', ')), 405, `this takes ${allowed.join(', ')}`);
  });
  server.maxConnections = MOST_CONNECTIONS;
  const at = await listen(server, host, port).catch((error: unknown) => {
    if (error instanceof StartError) throw new StartError(inOwnName(error.message), { cause: error });
    throw error;
  });
  log.info('metrics can be scraped', { port: at, path: '/metrics' });
  return { port: at, stop: async (withinMs) => void (await drainServer(server, withinMs)) };
}

/** The reasons of listen.ts speak of the first port. */
function inOwnName(reason: string): string {
  return reason.replace(/\bPORT\b/, 'HAWKER_OPS_PORT');
}

async function answerMetrics(
  request: IncomingMessage,
  response: ServerResponse,
  resource: Readonly<Record<string, string>>,
  log: Log,
): Promise<void> {
  try {
    const { CONTENT_TYPE, formatFor, metricsText } = await import('../telemetry/prometheus-text.ts');
    const format = formatFor(request.headers.accept);
    const text = metricsText(format, collect(), resource);
    response.writeHead(200, {
      'Content-Type': CONTENT_TYPE[format],
      'Content-Length': Buffer.byteLength(text),
      'Cache-Control': 'no-store',
      Vary: 'Accept',
    });
    response.end(text);
  } catch (error) {
    log.error('metrics could not be told', { error });
    refuse(response, 500, 'see the log');
  }
}

/** What turns a request of node:http into a Request takes a while to load; a process that is only scraped starts without. */
function lazyListener(route: OpsRoute): RequestListener {
  const open = openedOnce(async () => (await import('./fetch-listener.ts')).fetchListener(route));
  return (request, response) => {
    open().then(
      (listener) => listener(request, response),
      () => refuse(response, 500, 'it could not be loaded'),
    );
  };
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(`${text}\n`);
}

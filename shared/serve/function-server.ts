/**
 * One function in a process of its own, as the build makes it: `node index.js` serves it on PORT at the root of its host, and the exported
 * handler is what functions-framework calls. Whatever needs the store or the queue is opened with the first request or at the start, never at import.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { systemClock } from '../clock.ts';
import { type Config, loadConfig } from '../config.ts';
import type { CreateFunction, FunctionInstance, FunctionRow } from '../define.ts';
import { messageOf } from '../errors.ts';
import { systemIds } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Consumer, SubscriptionSpec } from '../queue/queue.ts';
import { type OpenRuntime, openRuntime } from '../runtime.ts';
import { exitWithReason } from './exit.ts';
import { drainOnSignal } from './lifecycle.ts';
import { drainServer, listen } from './listen.ts';
import { processLog } from './process-log.ts';

/**
 * Not by `import`: making an ES module of node:http reads each of its exports, and one of them (WebSocket) loads Node's whole HTTP client, which
 * takes nearly half as long as everything else until the first answer.
 */
const { createServer } = process.getBuiltinModule('node:http');

export interface ServedFunction {
  /** For functions-framework, with the http signature. */
  handler: RequestListener;
  /** For `node index.js`: serves until a signal; prints one line and exits with 1 where it cannot start. */
  main(): Promise<void>;
}

interface Opened {
  runtime: OpenRuntime;
  instance: FunctionInstance;
  listener: RequestListener;
}

/** `subscriptions` are all of the bundle's: what is published must reach each of them, whichever process consumes it. */
export function serveFunction(
  row: FunctionRow,
  subscriptions: readonly SubscriptionSpec[],
  create: CreateFunction,
): ServedFunction {
  let opening: Promise<Opened> | undefined;

  const open = async (config: Config, log: Log): Promise<Opened> => {
    const runtime = await openRuntime({ config, log, clock: systemClock, ids: systemIds, subscriptions, prefix: '' });
    try {
      const instance = await create(runtime);
      return { runtime, instance, listener: await listenerOf(row, instance, runtime) };
    } catch (error) {
      await runtime.close(0);
      throw error;
    }
  };

  /** Rejects, instead of throwing, where settings are bad. */
  const openConfigured = async () => {
    const { config, log } = configured();
    return open(config, log);
  };

  const handler = (request: IncomingMessage, response: ServerResponse) => {
    opening ??= openConfigured().catch((error: unknown) => {
      // What stood in the way may be gone with the next request: a locked file, a store that did not answer.
      opening = undefined;
      throw error;
    });
    opening.then(
      ({ listener }) => listener(request, response),
      (error: unknown) => refuse(response, error),
    );
  };

  const main = async () => {
    const { config, log } = configured();
    // Joined, two Host headers are a host that nobody serves.
    const server = createServer({ keepAliveTimeout: 620_000, joinDuplicateHeaders: true });
    const opened = await open(config, log);
    opening = Promise.resolve(opened);
    server.on('request', opened.listener);
    const port = await listen(server, config.HAWKER_HOST, config.PORT);
    const consumers = consumeOwn(row, subscriptions, opened, config);
    drainOnSignal(
      [
        (leftMs) => drainServer(server, Math.min(leftMs, 3_000)),
        (leftMs) => Promise.all(consumers.map((consumer) => consumer.stop(Math.min(leftMs, 2_000)))),
        (leftMs) => opened.instance.drain?.(leftMs) ?? Promise.resolve(),
        (leftMs) => opened.runtime.close(leftMs),
      ],
      log,
    );
    log.info('ready', { function: row.name, port });
  };

  return { handler, main: () => main().catch(exitWithReason) };
}

/** A message function on the embedded queue takes its events from the file; on Pub/Sub they are pushed to it. */
function consumeOwn(
  row: FunctionRow,
  subscriptions: readonly SubscriptionSpec[],
  opened: Opened,
  config: Config,
): Consumer[] {
  const { instance, runtime } = opened;
  if (instance.kind !== 'message' || config.HAWKER_QUEUE !== 'embedded') return [];
  return subscriptions
    .filter(({ name }) => name === row.name)
    .map((own) => runtime.queue.consume(own, instance.handle));
}

async function listenerOf(
  row: FunctionRow,
  instance: FunctionInstance,
  runtime: OpenRuntime,
): Promise<RequestListener> {
  if (instance.kind === 'listener') return instance.listener;
  // Loads http2 and more, which a function with a listener of its own starts faster without.
  const { fetchListener } = await import('./fetch-listener.ts');
  if (instance.kind === 'http') return fetchListener((request) => instance.fetch(request));
  const { createMessageEndpoint } = await import('../http/message-endpoint.ts');
  const { pushIdentityOf } = await import('../events/push-identity.ts');
  const identity = pushIdentityOf(runtime.config, runtime.clock);
  return fetchListener(createMessageEndpoint(instance, { ...runtime, identity, ackDeadlineMs: row.timeout * 1000 }));
}

function configured(): { config: Config; log: Log } {
  const config = loadConfig();
  return { config, log: processLog(config) };
}

/** What functions-framework's callers see while settings are wrong: the operator finds the reason in the log. */
function refuse(response: ServerResponse, error: unknown): void {
  process.stderr.write(`hawker: ${messageOf(error)}\n`);
  response.writeHead(503, { 'Content-Type': 'text/plain', 'Retry-After': '10' }).end('not ready\n');
}

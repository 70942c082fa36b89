/**
 * One function in a process of its own, as the build makes it: `node index.js` serves it on PORT at the root of its host, and the exported
 * handler is what functions-framework calls. Whatever needs the store or the queue is opened with the first request or at the start, never at import.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { systemClock } from '../clock.ts';
import { type Config, loadConfig } from '../config.ts';
import { type CreateFunction, type FunctionInstance, type FunctionRow, isScheduled } from '../define.ts';
import { messageOf } from '../errors.ts';
import { systemIds } from '../ids.ts';
import type { Log } from '../log.ts';
import type { SubscriptionSpec } from '../queue/queue.ts';
import { type OpenRuntime, openRuntime } from '../runtime.ts';
import { exitWithReason } from './exit.ts';
import { drainOnSignal, type Worker } from './lifecycle.ts';
import { listen } from './listen.ts';
import { processLog } from './process-log.ts';

/**
 * Not by `import`: making an ES module of node:http reads each of its exports, and one of them (WebSocket) loads Node's whole HTTP client, which
 * takes nearly half as long as everything else until the first answer.
 */
const { createServer } = process.getBuiltinModule('node:http');

export interface ServedFunction {
  /** For functions-framework, with the http signature. */
  handler: RequestListener;
  /**
   * For `node index.js`: serves until a signal; prints one line and exits with 1 where it cannot start. With `--pull` a message function takes its events from
   * the subscription by itself, so that nothing has to reach it; with `--fire <time>` a schedule function fires once and exits.
   */
  main(): Promise<void>;
}

interface Made {
  runtime: OpenRuntime;
  instance: FunctionInstance;
}

interface Opened extends Made, Answering {}

/** What answers requests, and the schedule that they start runs of. */
interface Answering {
  listener: RequestListener;
  schedule?: Worker;
}

/** `subscriptions` are all of the bundle's: what is published must reach each of them, whichever process consumes it. */
export function serveFunction(
  row: FunctionRow,
  subscriptions: readonly SubscriptionSpec[],
  create: CreateFunction,
): ServedFunction {
  let opening: Promise<Opened> | undefined;

  const make = async (config: Config, log: Log): Promise<Made> => {
    const runtime = await openRuntime({ config, log, clock: systemClock, ids: systemIds, subscriptions, prefix: '' });
    try {
      return { runtime, instance: await create(runtime) };
    } catch (error) {
      await runtime.close(0);
      throw error;
    }
  };

  const open = async (config: Config, log: Log, pulls = false): Promise<Opened> => {
    const made = await make(config, log);
    try {
      return { ...made, ...(await answering(row, made.instance, made.runtime, pulls)) };
    } catch (error) {
      await made.runtime.close(0);
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
    const [told, when = ''] = process.argv.slice(2);
    if (told === '--fire') {
      const { fireOnce } = await import('./fire-once.ts');
      process.exit(await fireOnce(row, await make(config, log), when));
    }
    const pulls = told === '--pull';
    // Joined, two Host headers are a host that nobody serves.
    const server = createServer({ keepAliveTimeout: 620_000, joinDuplicateHeaders: true });
    const opened = await open(config, log, pulls);
    opening = Promise.resolve(opened);
    server.on('request', opened.listener);
    const port = await listen(server, config.HAWKER_HOST, config.PORT);
    const { instance, runtime, schedule } = opened;
    const { schedules, consumers } = await workOwn(row, subscriptions, opened, config, pulls);
    if (schedule) schedules.push(schedule);
    drainOnSignal({ server, schedules, consumers, instances: [instance], runtime }, log);
    await recordWhereAsked(row.name, runtime);
    log.info('ready', { function: row.name, port });
  };

  return { handler, main: () => main().catch(exitWithReason) };
}

/**
 * What works without being called. On the embedded queue a message function takes its events from the file, and a schedule function watches the
 * clock; on Pub/Sub events are pushed to the one, unless it `pulls`, and Cloud Scheduler calls the other.
 */
async function workOwn(
  row: FunctionRow,
  subscriptions: readonly SubscriptionSpec[],
  opened: Opened,
  config: Config,
  pulls: boolean,
): Promise<{ schedules: Worker[]; consumers: Worker[] }> {
  const { instance, runtime } = opened;
  const schedules: Worker[] = [];
  const consumers: Worker[] = [];
  if (config.HAWKER_QUEUE === 'embedded' && instance.kind === 'schedule' && isScheduled(row)) {
    const { startSchedule } = await import('../schedule/embedded.ts');
    schedules.push(startSchedule(row, instance, runtime));
  }
  if ((config.HAWKER_QUEUE === 'embedded' || pulls) && instance.kind === 'message')
    for (const own of subscriptions.filter(({ name }) => name === row.name))
      consumers.push(runtime.queue.consume(own, instance.handle));
  return { schedules, consumers };
}

async function recordWhereAsked(name: string, { config, clock, log }: OpenRuntime): Promise<void> {
  if (!config.HAWKER_DIAGNOSTICS) return;
  const { recordOnSignal } = await import('./diagnostics.ts');
  recordOnSignal({ folder: config.HAWKER_DIAGNOSTICS, name, clock, log });
}

async function answering(
  row: FunctionRow,
  instance: FunctionInstance,
  runtime: OpenRuntime,
  pulls: boolean,
): Promise<Answering> {
  if (instance.kind === 'listener') return { listener: instance.listener };
  // Loads http2 and more, which a function with a listener of its own starts faster without.
  const { fetchListener } = await import('./fetch-listener.ts');
  if (instance.kind === 'http') return { listener: fetchListener((request, from) => instance.fetch(request, from)) };
  // Whoever pulls is called by nobody, and its port tells probes that it lives.
  if (pulls) return { listener: (_request, response) => response.writeHead(404).end() };
  const { pushIdentityOf } = await import('../events/push-identity.ts');
  const identity = pushIdentityOf(runtime.config, runtime.clock);
  const timeoutMs = row.timeout * 1000;
  if (instance.kind === 'message') {
    const { createMessageEndpoint } = await import('../http/message-endpoint.ts');
    const receive = createMessageEndpoint(instance, { ...runtime, identity, ackDeadlineMs: timeoutMs });
    return { listener: fetchListener(receive) };
  }
  if (!isScheduled(row)) throw new Error(`${row.name} is made as a schedule function, and its row names no schedule`);
  const { createScheduleEndpoint } = await import('../http/schedule-endpoint.ts');
  const { createFirings } = await import('../schedule/firings.ts');
  const firings = createFirings({ ...runtime, row, instance });
  const endpoint = createScheduleEndpoint(firings, { ...runtime, identity, timeoutMs });
  return { listener: fetchListener(endpoint.fetch), schedule: endpoint };
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

/**
 * One function in a process of its own, as the build makes it: `node index.js` serves it on PORT at the root of its host, and the exported
 * handler is what functions-framework calls. Whatever needs the store or the queue is opened with the first request or at the start, never at import.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { systemClock } from '../clock.ts';
import { type Config, loadConfig } from '../config.ts';
import {
  type CreateFunction,
  type FunctionInstance,
  type FunctionRow,
  type HttpFunction,
  isScheduled,
} from '../define.ts';
import { messageOf } from '../errors.ts';
import { systemIds } from '../ids.ts';
import type { Log } from '../log.ts';
import type { SubscriptionSpec } from '../queue/queue.ts';
import { type OpenRuntime, openRuntime } from '../runtime.ts';
import type { Profiles } from '../telemetry/profiles.ts';
import { redact } from '../telemetry/redact.ts';
import type { Diagnostics } from './diagnostics.ts';
import { exitWithReason } from './exit.ts';
import { drainOnSignal, type Worker } from './lifecycle.ts';
import { listen } from './listen.ts';
import type { OpsOptions } from './open-ops.ts';
import { processLog } from './process-log.ts';

export interface ServedFunction {
  /** For functions-framework, with the http signature. */
  handler: RequestListener;
  /**
   * For `node index.js`: serves until a signal; prints one line and exits with 1 where it cannot start. With `--pull` a message function takes its events from
   * the subscription by itself, so that nothing has to reach it; with `--fire <time>` a schedule function fires once and exits. With `--profile` it is profiled all
   * the time (telemetry/profiles.ts), as it is where PYROSCOPE_SERVER_ADDRESS is set.
   */
  main(): Promise<void>;
}

/** For the last profile of a process that ends by itself, in milliseconds. */
const PROFILES_MS = 1_000;

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
    const common = { clock: systemClock, ids: systemIds, subscriptions, prefix: '' };
    const runtime = await openRuntime({ config, log, ...common, name: row.name });
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
    const { config, log } = configured(row.name);
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
    const { config, log } = configured(row.name);
    const args = process.argv.slice(2);
    const profiles = await profileWhereAsked(row.name, config, log, args.includes('--profile'));
    const [told, when = ''] = args.filter((arg) => arg !== '--profile');
    if (told === '--fire') {
      const { fireOnce } = await import('./fire-once.ts');
      const code = await fireOnce(row, await make(config, log), when);
      await profiles?.stop(PROFILES_MS);
      process.exit(code);
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
    const diagnostics = await recordWhereAsked(row.name, runtime);
    const ops = await opsWhereAsked({ name: row.name, host: config.HAWKER_HOST, runtime, diagnostics });
    drainOnSignal({ server, schedules, consumers, instances: [instance], runtime, profiles, ops }, log);
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

async function recordWhereAsked(name: string, { config, clock, log }: OpenRuntime): Promise<Diagnostics | undefined> {
  if (!config.HAWKER_DIAGNOSTICS) return undefined;
  const { openDiagnostics } = await import('./diagnostics.ts');
  return openDiagnostics({ folder: config.HAWKER_DIAGNOSTICS, name, clock, log });
}

async function opsWhereAsked(options: OpsOptions): Promise<Worker | undefined> {
  if (options.runtime.config.HAWKER_OPS_PORT === undefined) return undefined;
  return (await import('./open-ops.ts')).openOps(options);
}

async function profileWhereAsked(
  service: string,
  config: Config,
  log: Log,
  asked: boolean,
): Promise<Profiles | undefined> {
  if (!asked && config.PYROSCOPE_SERVER_ADDRESS === undefined) return undefined;
  const { startProfiles } = await import('../telemetry/profiles.ts');
  return startProfiles({ config, service, log });
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
  const { withHealth } = await import('./with-health.ts');
  // Health is nobody's invocation.
  const listen = (fetch: HttpFunction['fetch']) =>
    fetchListener(withHealth((request, from) => runtime.telemetry.finish(async () => fetch(request, from)), runtime));
  if (instance.kind === 'http') return { listener: listen((request, from) => instance.fetch(request, from)) };
  // Whoever pulls is called by nobody, and its port tells probes how it is.
  if (pulls) return { listener: listen(() => new Response(null, { status: 404 })) };
  const { pushIdentityOf } = await import('../events/push-identity.ts');
  const identity = pushIdentityOf(runtime.config, runtime.clock);
  const timeoutMs = row.timeout * 1000;
  if (instance.kind === 'message') {
    const { createMessageEndpoint } = await import('../http/message-endpoint.ts');
    const receive = createMessageEndpoint(instance, { ...runtime, name: row.name, identity, ackDeadlineMs: timeoutMs });
    return { listener: listen(receive) };
  }
  if (!isScheduled(row)) throw new Error(`${row.name} is made as a schedule function, and its row names no schedule`);
  const { createScheduleEndpoint } = await import('../http/schedule-endpoint.ts');
  const { createFirings } = await import('../schedule/firings.ts');
  const firings = createFirings({ ...runtime, row, instance });
  const endpoint = createScheduleEndpoint(firings, { ...runtime, name: row.name, identity, timeoutMs });
  return { listener: listen(endpoint.fetch), schedule: endpoint };
}

function configured(name: string): { config: Config; log: Log } {
  const config = loadConfig();
  return { config, log: processLog(config).with({ function: name }) };
}

/** What functions-framework's callers see while settings are wrong: the operator finds the reason in the log. */
function refuse(response: ServerResponse, error: unknown): void {
  process.stderr.write(`hawker: ${redact(messageOf(error))}\n`);
  response.writeHead(503, { 'Content-Type': 'text/plain', 'Retry-After': '10' }).end('not ready\n');
}

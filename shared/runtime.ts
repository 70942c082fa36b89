/** Opens what every function is given, as the settings say, and closes it again. */
import { join } from 'node:path';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import type { Runtime } from './define.ts';
import type { Ids } from './ids.ts';
import type { Log } from './log.ts';
import { openedOnce } from './opened-once.ts';
import { openQueue } from './queue/index.ts';
import type { SubscriptionSpec } from './queue/queue.ts';
import type { HealthParts } from './serve/health-checks.ts';
import { type Database, openDatabase } from './sqlite/database.ts';
import { openStore } from './store/index.ts';
import { startMetrics } from './telemetry/metrics.ts';
import type { ProcessMetricsParts } from './telemetry/process-metrics.ts';
import { isSent, startTelemetry, type Telemetry } from './telemetry/start-telemetry.ts';

export interface RuntimeOptions {
  config: Config;
  log: Log;
  clock: Clock;
  ids: Ids;
  subscriptions: readonly SubscriptionSpec[];
  /** The path under which this function is served, without a trailing slash; '' at the root. */
  prefix: string;
  /** Under which name this process sends traces and metrics, where a collector is set: the function's, or `hawker` where it serves all. Without it, nothing is sent. */
  name?: string;
}

export interface OpenRuntime extends Runtime {
  telemetry: Telemetry;
  /** Resolves when all numbers of this process are measured, which begins a little after its start, or now. */
  measured(): Promise<void>;
  /** Makes durable what the queue still holds and closes everything, telemetry last, within `withinMs`. Logs how many events were lost, if any. */
  close(withinMs: number): Promise<void>;
}

/** Milliseconds from the start. */
const MEASURE_AFTER_MS = 500;
/** Most that the end of a process waits for its last spans and numbers, in milliseconds. */
const TELEMETRY_MS = 2_000;

export async function openRuntime(options: RuntimeOptions): Promise<OpenRuntime> {
  const { config, log, clock, ids, subscriptions, prefix, name } = options;
  let opened: Database | undefined;
  const database = () => {
    opened ??= openDatabase(join(config.HAWKER_DATA, 'hawker.db'), {
      onGone: (path) =>
        log.error('the data folder was removed or replaced: nothing is written any more; a restart makes a new one', {
          path,
        }),
    });
    return opened;
  };
  const [store, queue, telemetry] = await Promise.all([
    openStore(config, { clock, ids, database }),
    openQueue(config, { clock, ids, log, database, subscriptions }),
    startTelemetry({ config, log, clock, ids, name }),
  ]);
  const measuring = isMeasured(options) ? measureSoon({ store, queue, clock, log }) : undefined;
  const leases = openedOnce(async () =>
    (await import('./lease/index.ts')).openLeases(config, { store, clock, ids, log }),
  );
  const google = openedOnce(async () => (await import('./google/index.ts')).openGoogle(config, { clock, ids, log }));
  const lta = openedOnce(async () => (await import('./lta/index.ts')).openLta(config, { clock, ids, log }));
  const blobs = openedOnce(async () => (await import('./blobs/index.ts')).openBlobs(config, { google, clock, ids }));
  return {
    config,
    store,
    queue,
    leases,
    lta,
    google,
    blobs,
    log,
    clock,
    ids,
    prefix,
    telemetry,
    measured: async () => measuring?.begin(),
    async close(withinMs) {
      const deadline = clock.mono() + withinMs;
      measuring?.stopChecks();
      try {
        const led = await leases.opened();
        await led?.close(withinMs / 2);
        const lost = await queue.close(withinMs);
        if (lost > 0) log.error('events could not be made durable and are lost', { events: lost });
        await store.close();
        opened?.close();
      } finally {
        await telemetry.close(Math.min(TELEMETRY_MS, Math.max(0, deadline - clock.mono())));
        measuring?.stop();
      }
    },
  };
}

/** Whether anybody reads the metrics of this process. */
function isMeasured({ config, name }: RuntimeOptions): boolean {
  return name !== undefined && (config.HAWKER_OPS_PORT !== undefined || isSent(config));
}

interface Measuring {
  begin(): Promise<void>;
  /** While the store is still there. */
  stopChecks(): void;
  stop(): void;
}

/** What is read of the process itself; later than the first answer, which would wait for it to be loaded. */
function measureSoon(parts: HealthParts & ProcessMetricsParts): Measuring {
  startMetrics(parts.clock.now());
  let ended = false;
  let stopChecks: (() => void) | undefined;
  let stopNumbers: (() => void) | undefined;
  let begun: Promise<void> | undefined;
  const load = async () => {
    const [{ startProcessMetrics }, { startReadinessMetric }] = await Promise.all([
      import('./telemetry/process-metrics.ts'),
      import('./serve/readiness-metric.ts'),
    ]);
    if (ended) return;
    stopNumbers = startProcessMetrics(parts);
    stopChecks = startReadinessMetric(parts);
  };
  const begin = () => {
    begun ??= load();
    return begun;
  };
  const timer = setTimeout(() => {
    begin().catch((error: unknown) => parts.log.error('a part of the metrics cannot be loaded', { error }));
  }, MEASURE_AFTER_MS).unref();
  return {
    begin,
    stopChecks() {
      ended = true;
      clearTimeout(timer);
      stopChecks?.();
    },
    stop: () => stopNumbers?.(),
  };
}

/** Turns on traces and metrics that are sent by OTLP. Loaded only where OTEL_EXPORTER_OTLP_ENDPOINT is set. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { openedOnce } from '../opened-once.ts';
import { collectorOf, type Signal } from './collector.ts';
import { createCollectorTroubles } from './collector-troubles.ts';
import { collect, metricsSince, startMetrics } from './metrics.ts';
import { createMetricsPush } from './metrics-push.ts';
import { openedLater } from './opened-later.ts';
import type { ReadableSpan } from './otel-client.ts';
import { resourceOf } from './resource.ts';
import { createSpanBatches } from './span-batches.ts';
import { useSpans } from './spans.ts';
import type { Telemetry, TelemetryOptions } from './start-telemetry.ts';
import { createTraceRate } from './trace-rate.ts';
import { VERSION } from './version.ts';

type OtlpOptions = TelemetryOptions & { name: string };

/** Most that the end of an invocation waits for the collector, in milliseconds. */
const INVOCATION_MS = 1_000;

export async function openOtlp(options: OtlpOptions): Promise<Telemetry> {
  const { createSpans } = await import('./otel-client.ts');
  const written = () => import('./otlp-traces-client.ts');
  const { config, log, clock, ids } = options;
  const resource = senderResource(options);
  const collector = collectorOf(config);
  // Collectors rename for Prometheus by themselves; Google does not, and the dashboards and alerts made for it ask for the names that Prometheus has.
  const naming = collector.google ? 'prometheus' : 'opentelemetry';
  const load = openedOnce(async () => {
    const [{ createOtlpSender }, { createPost }] = await Promise.all([
      import('./otlp-sender.ts'),
      import('./otlp-post.ts'),
    ]);
    return { createOtlpSender, post: createPost(collector, config, { log, clock, ids }) };
  });
  const senderOf = (signal: Signal, onAway?: () => void) => {
    const troubles = createCollectorTroubles(signal, collector.addressOf(signal), { log, clock });
    const decodeRefused = async (answer: Uint8Array) => (await written()).decodeRefused(answer);
    const sender = openedLater(async () => {
      const { createOtlpSender, post } = await load();
      return createOtlpSender({ signal, post, decodeRefused, troubles, clock, ids, ...(onAway && { onAway }) });
    }, troubles);
    return { troubles, sender };
  };
  const batches = createSpanBatches({
    encode: async (spans: readonly ReadableSpan[]) => (await written()).encodeSpans(spans),
    ...senderOf('traces', () => batches.release()),
    clock,
  });
  const push = createMetricsPush({
    encode: async () => {
      const { encodeMetrics } = await import('./otlp-metrics.ts');
      return encodeMetrics(resource, collect(), { sinceMs: metricsSince(), nowMs: clock.now() }, naming);
    },
    ...senderOf('metrics'),
    clock,
  });
  /** Whether the invocation that runs is recorded, which is known inside it alone. */
  const invocations = new AsyncLocalStorage<{ recorded: boolean }>();

  startMetrics(clock.now());
  useSpans(
    createSpans({
      resource,
      version: VERSION,
      rate: createTraceRate(config.HAWKER_TRACE_RATE, clock),
      onBegin() {
        const invocation = invocations.getStore();
        if (invocation) invocation.recorded = true;
      },
      onEnd: batches.add,
    }),
  );

  return {
    async finish(work) {
      if (!config.cloudRun) return work();
      const invocation = { recorded: false };
      try {
        return await invocations.run(invocation, work);
      } finally {
        await Promise.all([
          invocation.recorded && batches.flush(INVOCATION_MS),
          push.due() && push.push(INVOCATION_MS),
        ]);
      }
    },
    async flush(withinMs) {
      await Promise.all([batches.flush(withinMs), push.due() && push.push(withinMs)]);
    },
    async close(withinMs) {
      useSpans(undefined);
      await Promise.all([batches.close(withinMs), push.close(withinMs)]);
    },
  };
}

/** Who speaks: https://opentelemetry.io/docs/specs/semconv/resource/ */
function senderResource({ config, name, ids }: OtlpOptions): Record<string, string> {
  const { GOOGLE_CLOUD_PROJECT: project } = config;
  return {
    ...resourceOf(config, name),
    'service.instance.id': ids.unique(),
    // Google's endpoint takes nothing without it.
    ...(project && { 'gcp.project_id': project }),
  };
}

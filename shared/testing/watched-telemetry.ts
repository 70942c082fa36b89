/** What a test measures and traces, kept in memory: the metrics as they would be told, and spans as OpenTelemetry makes them. */
import { beginInvocation } from '../telemetry/invocation.ts';
import type { MetricName } from '../telemetry/metric-table.ts';
import { collect, startMetrics, stopMetrics } from '../telemetry/metrics.ts';
import type { ReadableSpan } from '../telemetry/otel-client.ts';
import { useSpans } from '../telemetry/spans.ts';
import { createKeptLog } from './kept-log.ts';

export interface WatchedTelemetry extends Disposable {
  /** In the order in which they ended. */
  readonly spans: readonly ReadableSpan[];
  /** By the labels' values in the order of the table, those that apply, with blanks between: a counter's or gauge's value, how many a histogram has measured. */
  series(name: MetricName): Record<string, number>;
  /** Runs `work` as one traced invocation and answers its line, whatever became of it. */
  invoke(work: () => Promise<unknown>): Promise<Record<string, unknown>>;
  /** The span of this name, of which there must be one, and its attributes. */
  span(name: string): ReadableSpan;
}

/** Until it is disposed of; one at a time in a process. */
export async function watchTelemetry(): Promise<WatchedTelemetry> {
  const { createSpans } = await import('../telemetry/otel-client.ts');
  const spans: ReadableSpan[] = [];
  const nothing = () => undefined;
  stopMetrics();
  startMetrics(Date.now());
  useSpans(
    createSpans({
      resource: {},
      version: '0',
      rate: { admit: () => true, due: () => true },
      onBegin: nothing,
      onEnd: (span) => void spans.push(span),
    }),
  );
  return {
    spans,
    series(name) {
      const found = collect().find((metric) => metric.name === name);
      const values = found?.series.map(({ labels, value, buckets }) => [
        labels.filter((label) => label !== '').join(' '),
        buckets ? buckets.reduce((sum, count) => sum + count, 0) : value,
      ]);
      return Object.fromEntries(values ?? []) as Record<string, number>;
    },
    async invoke(work) {
      const log = createKeptLog();
      const invocation = beginInvocation({ kind: 'request', name: 'test', log, debug: true });
      const error = await invocation.run(work).then(nothing, (thrown: unknown) => thrown);
      invocation.end({ outcome: error === undefined ? 'ok' : 'failed', severity: 'INFO' });
      return log.lines.at(-1) ?? {};
    },
    span(name) {
      const [found, ...others] = spans.filter((span) => span.name === name);
      if (!found || others.length > 0)
        throw new Error(`${others.length + Number(Boolean(found))} spans are called ${name}`);
      return found;
    },
    [Symbol.dispose]() {
      useSpans(undefined);
      stopMetrics();
    },
  };
}

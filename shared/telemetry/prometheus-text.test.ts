import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkMetrics, without } from '#shared/testing/promtool.ts';
import { METRICS, type MetricName, type MetricSpec } from './metric-table.ts';
import type { Collected, Series } from './metrics.ts';
import { formatFor, metricsText } from './prometheus-text.ts';

const TRACE = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };

function metric(name: MetricName, ...series: Series[]): Collected {
  return { name, spec: METRICS[name], series };
}

function some(): Collected[] {
  const buckets = METRICS['hawker.migration.step.duration'].buckets.map((_, index) => (index === 3 ? 4 : 0));
  return [
    metric('hawker.redirect.hits', { labels: ['human'], value: 12 }, { labels: ['bot'], value: 0.5 }),
    metric('hawker.migration.step.duration', {
      labels: ['a "b"\\c\nd', 'up', ''],
      value: 17.25,
      buckets: [...buckets, 1],
      exemplars: [undefined, undefined, undefined, { ...TRACE, value: 3.5, at: 1_790_000_000_123 }],
    }),
    metric('process.memory.usage', { labels: [], value: 1e8 }),
  ];
}

describe('metrics as text', () => {
  it('are OpenMetrics with units, exemplars and an end', () => {
    assert.equal(
      metricsText('openmetrics', some(), { 'service.name': 'hawker', 'faas.name': '' }),
      `# TYPE target info
# HELP target What is measured here
target_info{service_name="hawker"} 1
# TYPE hawker_redirect_hits counter
# HELP hawker_redirect_hits Hits of links, by who opened them
hawker_redirect_hits_total{hawker_label="human"} 12
hawker_redirect_hits_total{hawker_label="bot"} 0.5
# TYPE hawker_migration_step_duration_seconds histogram
# UNIT hawker_migration_step_duration_seconds seconds
# HELP hawker_migration_step_duration_seconds How long one migration took
${['0.1', '0.5', '1.0', '5.0', '10.0', '30.0', '60.0', '300.0', '900.0', '3600.0', '+Inf']
  .map(
    (le, index) =>
      `hawker_migration_step_duration_seconds_bucket{hawker_target="a \\"b\\"\\\\c\\nd",hawker_direction="up",le="${le}"} ${index < 3 ? 0 : index < 10 ? 4 : 5}${
        index === 3 ? ` # {trace_id="${TRACE.traceId}",span_id="${TRACE.spanId}"} 3.5 1790000000.123` : ''
      }`,
  )
  .join('\n')}
hawker_migration_step_duration_seconds_sum{hawker_target="a \\"b\\"\\\\c\\nd",hawker_direction="up"} 17.25
hawker_migration_step_duration_seconds_count{hawker_target="a \\"b\\"\\\\c\\nd",hawker_direction="up"} 5
# TYPE process_memory_usage_bytes gauge
# UNIT process_memory_usage_bytes bytes
# HELP process_memory_usage_bytes Resident memory of the process
process_memory_usage_bytes 100000000
# EOF
`,
    );
  });

  it("are Prometheus' older text without what that does not have", () => {
    const text = metricsText('text', some(), { 'service.name': 'hawker' });
    assert.match(text, /^# TYPE target_info gauge$/m);
    assert.match(text, /^# TYPE hawker_redirect_hits_total counter$/m);
    assert.doesNotMatch(text, /# UNIT|# EOF|trace_id/);
    assert.match(text, /_bucket\{[^\n]*le="5\.0"\} 4$/m);
    assert.ok(text.endsWith('\n'));
  });

  it('are one line per sample, whatever a label holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (value) => {
        const text = metricsText('text', [metric('hawker.lease.leading', { labels: [value], value: 1 })], {});
        const lines = text.trimEnd().split('\n');
        assert.equal(lines.length, 6);
        const told = /^hawker_lease_leading(?:\{hawker_lease="(.*)"\})? 1$/s.exec(lines[5] ?? '')?.[1] ?? '';
        assert.equal(
          told.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
          value,
        );
      }),
    );
  });

  it('satisfy promtool, every metric of the table', { skip: without('promtool') ?? false }, async () => {
    const all = (Object.entries(METRICS) as [MetricName, MetricSpec][]).map(([name, spec]) => {
      const buckets = spec.buckets && [...spec.buckets.map(() => 1), 1];
      const labels = Object.keys(spec.labels).map(() => 'a "b"\\c\nd');
      return metric(name, { labels, value: 3, ...(buckets && { buckets, exemplars: [] }) });
    });
    const { code, said } = await checkMetrics(metricsText('text', all, { 'service.name': 'hawker' }));
    assert.deepEqual([code, said], [0, '']);
    const broken = await checkMetrics('# TYPE a counter\na 1\n');
    assert.notEqual(broken.code, 0, 'it finds fault where there is one');
  });
});

it('answers in the format that is asked for', () => {
  const prometheus =
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
  for (const accept of [
    prometheus,
    'application/openmetrics-text',
    'text/plain;q=0.5, Application/OpenMetrics-Text; q=0.6',
    'text/plain, application/openmetrics-text; version="1.0.0"',
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;q=0.4',
  ])
    assert.equal(formatFor(accept), 'openmetrics', accept);
  for (const accept of [
    undefined,
    '',
    '*/*',
    'text/html',
    'text/plain;version=0.0.4',
    'application/openmetrics-text;q=0',
    'application/openmetrics-text;q=0.4, text/plain;q=0.5',
    'application/openmetrics-text;version=0.0.1',
    'application/openmetrics-text;q=banana',
    'application/openmetrics-texts',
  ])
    assert.equal(formatFor(accept), 'text', accept);
});

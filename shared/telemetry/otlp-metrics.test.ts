import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import fc from 'fast-check';
import { readMetrics } from '#shared/testing/otlp-metrics.ts';
import { METRICS, type MetricName, type MetricSpec } from './metric-table.ts';
import { METRIC_TEXTS } from './metric-texts.ts';
import type { Collected, Series } from './metrics.ts';
import { encodeMetrics } from './otlp-metrics.ts';
import { VERSION } from './version.ts';

const TRACE = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
const TIMES = { sinceMs: 1_790_000_000_123, nowMs: 1_790_000_060_456 };

type OracleInput = NonNullable<Parameters<typeof ProtobufMetricsSerializer.serializeRequest>[0]>;

/** The same in the words of OpenTelemetry's own package, as its enums number them. */
function oracleInput(resource: Record<string, string>, collected: readonly Collected[]): OracleInput {
  const hr = (ms: number) => [Math.floor(ms / 1000), (ms % 1000) * 1_000_000];
  const metrics = collected.map(({ name, spec, series }) => ({
    descriptor: { name, description: METRIC_TEXTS[name], unit: spec.unit, valueType: 1, type: '', advice: {} },
    aggregationTemporality: 1,
    dataPointType: { histogram: 0, gauge: 2, counter: 3 }[spec.kind],
    isMonotonic: spec.kind === 'counter',
    dataPoints: series.map(({ labels, value, buckets = [] }) => ({
      startTime: hr(TIMES.sinceMs),
      endTime: hr(TIMES.nowMs),
      attributes: Object.fromEntries(
        Object.keys(spec.labels).flatMap((label, index) => (labels[index] ? [[label, labels[index]]] : [])),
      ),
      value:
        spec.kind === 'histogram'
          ? {
              count: buckets.reduce((sum, n) => sum + n, 0),
              sum: value,
              buckets: { boundaries: spec.buckets ?? [], counts: buckets },
            }
          : value,
    })),
  }));
  return {
    resource: resourceFromAttributes(resource),
    scopeMetrics: [{ scope: { name: 'hawker', version: VERSION }, metrics }],
  } as unknown as OracleInput;
}

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
/** OpenTelemetry's own package loses one of this name. */
const attribute = text.filter((key) => key !== '' && key !== '__proto__');
const anyCollected = fc
  .uniqueArray(fc.constantFrom(...(Object.keys(METRICS) as MetricName[])), { minLength: 1, maxLength: 8 })
  .chain((names) =>
    fc.tuple(
      ...names.map((name) => {
        const spec: MetricSpec = METRICS[name];
        const labels = fc.tuple(...Object.keys(spec.labels).map(() => text));
        const value = fc.double({ min: 0, max: 1e15, noNaN: true });
        const buckets = fc.array(fc.nat(), {
          minLength: (spec.buckets?.length ?? 0) + 1,
          maxLength: (spec.buckets?.length ?? 0) + 1,
        });
        const series: fc.Arbitrary<Series> =
          spec.kind === 'histogram' ? fc.record({ labels, value, buckets }) : fc.record({ labels, value });
        return fc.array(series, { minLength: 1, maxLength: 4 }).map((all): Collected => ({ name, spec, series: all }));
      }),
    ),
  );

describe('metrics by OTLP', () => {
  it("read as the same as OpenTelemetry's own package writes, whatever they are", () => {
    fc.assert(
      fc.property(
        fc.dictionary(attribute, text.filter(Boolean), { maxKeys: 3 }),
        anyCollected,
        (resource, collected) => {
          const expected = ProtobufMetricsSerializer.serializeRequest(oracleInput(resource, collected));
          assert.ok(expected);
          assert.deepEqual(readMetrics(encodeMetrics(resource, collected, TIMES)), readMetrics(expected));
        },
      ),
    );
  });

  it('are cumulative, with bounds and exemplars', () => {
    const name = 'hawker.migration.step.duration';
    const bounds = METRICS[name].buckets;
    const series: Series = {
      labels: ['main', 'up', ''],
      value: 21.5,
      buckets: [...bounds.map((_, index) => (index === 2 ? 1 : 0)), 2],
      exemplars: [undefined, undefined, { ...TRACE, value: 0.75, at: TIMES.nowMs - 1 }],
    };
    const read = readMetrics(
      encodeMetrics({ 'service.name': 'hawker' }, [{ name, spec: METRICS[name], series: [series] }], TIMES),
    );
    assert.deepEqual(read, {
      resourceMetrics: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'hawker' } }] },
          scopeMetrics: [
            {
              scope: { name: 'hawker', version: VERSION },
              metrics: [
                {
                  name,
                  description: 'How long one migration took',
                  unit: 's',
                  histogram: {
                    aggregationTemporality: 'CUMULATIVE',
                    dataPoints: [
                      {
                        startTimeUnixNano: '1790000000123000000',
                        timeUnixNano: '1790000060456000000',
                        count: '3',
                        sum: 21.5,
                        bucketCounts: ['0', '0', '1', '0', '0', '0', '0', '0', '0', '0', '2'],
                        explicitBounds: [...bounds],
                        exemplars: [{ timeUnixNano: '1790000060455000000', asDouble: 0.75, ...TRACE }],
                        attributes: [
                          { key: 'hawker.target', value: { stringValue: 'main' } },
                          { key: 'hawker.direction', value: { stringValue: 'up' } },
                        ],
                      },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it('have the names that Prometheus gives them, labels too, where nobody on the way would rename them', () => {
    const name = 'hawker.redirect.hits';
    const collected = [{ name, spec: METRICS[name], series: [{ labels: ['human'], value: 3 }] }] as const;
    const read = JSON.stringify(readMetrics(encodeMetrics({}, collected, TIMES, 'prometheus')));
    assert.match(read, /"name":"hawker_redirect_hits_total"/);
    assert.match(read, /"key":"hawker_label","value":\{"stringValue":"human"\}/);
    assert.doesNotMatch(read, /hawker\.(?:redirect|label)/);
  });
});

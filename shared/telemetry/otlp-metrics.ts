/**
 * Metrics as a collector takes them by OTLP: an ExportMetricsServiceRequest, cumulative, with exemplars. Loaded only where metrics are sent.
 * https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto has the fields' numbers.
 */
import protobuf from 'protobufjs/minimal.js';
import { METRIC_TEXTS } from './metric-texts.ts';
import type { Collected, Exemplar, Series } from './metrics.ts';
import { labelName, prometheusName } from './prometheus-names.ts';
import { VERSION } from './version.ts';

/** Milliseconds since the epoch. */
export interface Times {
  /** When what grows began at zero. */
  sinceMs: number;
  nowMs: number;
}

/** Wire types of protobuf. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const tag = (field: number, wire: number) => (field << 3) | wire;

const CUMULATIVE = 2;

export function encodeMetrics(
  resourceAttributes: Readonly<Record<string, string>>,
  collected: readonly Collected[],
  { sinceMs, nowMs }: Times,
  naming: 'opentelemetry' | 'prometheus' = 'opentelemetry',
): Uint8Array {
  const writer = protobuf.Writer.create();
  const message = (field: number, write: () => void) => {
    writer.uint32(tag(field, BYTES)).fork();
    write();
    writer.ldelim();
  };
  const text = (field: number, value: string) => writer.uint32(tag(field, BYTES)).string(value);
  const bytes = (field: number, hex: string) => writer.uint32(tag(field, BYTES)).bytes(Buffer.from(hex, 'hex'));
  const varint = (field: number, value: number) => writer.uint32(tag(field, VARINT)).uint32(value);
  const double = (field: number, value: number) => writer.uint32(tag(field, FIXED64)).double(value);
  const fixed = (field: number, value: number) => writer.uint32(tag(field, FIXED64)).fixed64(value);
  const time = (field: number, ms: number) => writer.uint32(tag(field, FIXED64)).fixed64(nanoseconds(ms));

  const attribute = (field: number, name: string, value: string) =>
    message(field, () => {
      text(1, name);
      message(2, () => text(1, value));
    });
  const attributes = (field: number, names: readonly string[], values: readonly string[]) => {
    for (const [index, name] of names.entries()) if (values[index]) attribute(field, name, values[index]);
  };
  const exemplar = (field: number, { traceId, spanId, value, at }: Exemplar) =>
    message(field, () => {
      time(2, at);
      double(3, value);
      bytes(4, spanId);
      bytes(5, traceId);
    });

  /** A NumberDataPoint. */
  const point = (names: readonly string[], { labels, value }: Series) => {
    time(2, sinceMs);
    time(3, nowMs);
    double(4, value);
    attributes(7, names, labels);
  };
  /** A HistogramDataPoint. */
  const histogram = (names: readonly string[], bounds: readonly number[], series: Series) => {
    const { labels, value, buckets = [], exemplars = [] } = series;
    time(2, sinceMs);
    time(3, nowMs);
    fixed(
      4,
      buckets.reduce((sum, within) => sum + within, 0),
    );
    double(5, value);
    message(6, () => {
      for (const within of buckets) writer.fixed64(within);
    });
    message(7, () => {
      for (const bound of bounds) writer.double(bound);
    });
    for (const known of exemplars) if (known) exemplar(8, known);
    attributes(9, names, labels);
  };
  const metric = ({ name, spec, series }: Collected) => {
    const labels = Object.keys(spec.labels);
    const names = naming === 'prometheus' ? labels.map(labelName) : labels;
    text(1, naming === 'prometheus' ? prometheusName(name, spec) : name);
    text(2, METRIC_TEXTS[name]);
    text(3, spec.unit);
    message({ gauge: 5, counter: 7, histogram: 9 }[spec.kind], () => {
      for (const one of series)
        message(1, () => (spec.kind === 'histogram' ? histogram(names, spec.buckets ?? [], one) : point(names, one)));
      if (spec.kind !== 'gauge') varint(2, CUMULATIVE);
      if (spec.kind === 'counter') varint(3, 1);
    });
  };

  message(1, () => {
    message(1, () => {
      for (const [name, value] of Object.entries(resourceAttributes)) attribute(1, name, value);
    });
    message(2, () => {
      message(1, () => {
        text(1, 'hawker');
        text(2, VERSION);
      });
      for (const one of collected) message(2, () => metric(one));
    });
  });
  return writer.finish();
}

/** More than a number holds exactly, so in two halves. */
function nanoseconds(ms: number): { low: number; high: number; unsigned: boolean } {
  const whole = BigInt(Math.floor(ms)) * 1_000_000n + BigInt(Math.round((ms % 1) * 1_000_000));
  return { low: Number(BigInt.asIntN(32, whole)), high: Number(BigInt.asIntN(32, whole >> 32n)), unsigned: true };
}

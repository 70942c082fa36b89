/**
 * What `/metrics` answers: OpenMetrics 1.0 for whoever asks for it, as Prometheus does, since exemplars exist only there; else Prometheus' older text, version 0.0.4.
 * https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md and https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import { METRIC_TEXTS } from './metric-texts.ts';
import type { Collected, Exemplar, Series } from './metrics.ts';
import { familyName, labelName, prometheusName, unitName } from './prometheus-names.ts';

export type Format = 'openmetrics' | 'text';

export const CONTENT_TYPE: Record<Format, string> = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  text: 'text/plain; version=0.0.4; charset=utf-8',
};

/** By the header Accept (RFC 9110, 12.5.1): OpenMetrics where it is named and wanted at least as much as plain text. */
export function formatFor(accept: string | undefined): Format {
  const wanted = { openmetrics: 0, text: 0 };
  for (const range of (accept ?? '').toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const quality = qualityOf(parameters);
    if (type === 'application/openmetrics-text' && isVersion1(parameters))
      wanted.openmetrics = Math.max(wanted.openmetrics, quality);
    else if (type === 'text/plain') wanted.text = Math.max(wanted.text, quality);
  }
  return wanted.openmetrics > 0 && wanted.openmetrics >= wanted.text ? 'openmetrics' : 'text';
}

/** `resource` describes the process, in OpenTelemetry's names: it becomes `target_info`. */
export function metricsText(
  format: Format,
  collected: readonly Collected[],
  resource: Readonly<Record<string, string>>,
): string {
  const parts = [targetInfo(format, resource), ...collected.map((metric) => family(format, metric))];
  return `${parts.join('')}${format === 'openmetrics' ? '# EOF\n' : ''}`;
}

function qualityOf(parameters: readonly string[]): number {
  const given = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  if (given === undefined) return 1;
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(given) ? Number(given) : 0;
}

/** Without a version it is the newest, and 1.0.0 is all there is. */
function isVersion1(parameters: readonly string[]): boolean {
  const version = parameters.find((parameter) => parameter.startsWith('version='));
  return version === undefined || /^version="?1\.\d+\.\d+"?$/.test(version);
}

function targetInfo(format: Format, resource: Readonly<Record<string, string>>): string {
  const labels = labelsText(Object.entries(resource).map(([name, value]) => [labelName(name), value]));
  const [name, type] = format === 'openmetrics' ? ['target', 'info'] : ['target_info', 'gauge'];
  return `# TYPE ${name} ${type}\n# HELP ${name} What is measured here\ntarget_info${labels} 1\n`;
}

function family(format: Format, { name, spec, series }: Collected): string {
  const full = prometheusName(name, spec);
  const declared = format === 'openmetrics' ? familyName(name, spec) : full;
  const unit = unitName(spec);
  const lines = [
    `# TYPE ${declared} ${spec.kind}`,
    ...(format === 'openmetrics' && unit !== '' ? [`# UNIT ${declared} ${unit}`] : []),
    `# HELP ${declared} ${escapeText(METRIC_TEXTS[name])}`,
  ];
  const names = Object.keys(spec.labels).map(labelName);
  for (const one of series) {
    const labels = names.map((label, index): Label => [label, one.labels[index] ?? '']);
    if (one.buckets) lines.push(...histogram(format, full, labels, one, one.buckets, spec.buckets ?? []));
    else lines.push(`${full}${labelsText(labels)} ${number(one.value)}`);
  }
  return `${lines.join('\n')}\n`;
}

function* histogram(
  format: Format,
  name: string,
  labels: readonly Label[],
  { value, exemplars }: Series,
  buckets: readonly number[],
  bounds: readonly number[],
): Generator<string> {
  let count = 0;
  for (const [index, within] of buckets.entries()) {
    count += within;
    const bound = bounds[index];
    const le = bound === undefined ? '+Inf' : bucketBound(bound);
    const exemplar = format === 'openmetrics' ? exemplars?.[index] : undefined;
    yield `${name}_bucket${labelsText([...labels, ['le', le]])} ${count}${exemplar ? exemplarText(exemplar) : ''}`;
  }
  yield `${name}_sum${labelsText(labels)} ${number(value)}`;
  yield `${name}_count${labelsText(labels)} ${count}`;
}

/** As OpenMetrics writes it, in both formats: a bound that is called otherwise in the other one would be another series. */
function bucketBound(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : `${bound}`;
}

function exemplarText({ traceId, spanId, value, at }: Exemplar): string {
  return ` # {trace_id="${traceId}",span_id="${spanId}"} ${number(value)} ${(at / 1_000).toFixed(3)}`;
}

type Label = readonly [name: string, value: string];

/** A label without a value and one that is absent are the same. */
function labelsText(labels: readonly Label[]): string {
  const given = labels.filter(([, value]) => value !== '');
  if (given.length === 0) return '';
  return `{${given.map(([name, value]) => `${name}="${escapeText(value).replaceAll('"', '\\"')}"`).join(',')}}`;
}

function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return `${value}`;
  return value > 0 ? '+Inf' : '-Inf';
}

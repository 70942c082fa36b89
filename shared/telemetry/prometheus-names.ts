/**
 * What OpenTelemetry's names are called in Prometheus, as the compatibility rules say, so that a metric has one name there whether it was scraped here or came
 * through a collector: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */
import type { MetricSpec } from './metric-table.ts';

type Named = Pick<MetricSpec, 'kind' | 'unit'>;

/** UCUM's units as Prometheus writes them. What is in braces only says what is counted, and is no unit. */
const UNITS = new Map([
  ['s', 'seconds'],
  ['By', 'bytes'],
]);

/** As queries use it: `hawker_redirect_hits_total`, `http_server_request_duration_seconds`; a histogram's has `_bucket`, `_sum` or `_count` behind it. */
export function prometheusName(name: string, spec: Named): string {
  return `${familyName(name, spec)}${spec.kind === 'counter' ? '_total' : ''}`;
}

/** As OpenMetrics declares it: without `_total`. */
export function familyName(name: string, spec: Named): string {
  const unit = unitName(spec);
  const base = labelName(name);
  return unit === '' || base.endsWith(`_${unit}`) ? base : `${base}_${unit}`;
}

/** `seconds`, `bytes`, or '' where the unit is not one of Prometheus'. A gauge of unit 1 is a ratio there. */
export function unitName({ kind, unit }: Named): string {
  if (unit === '1') return kind === 'gauge' ? 'ratio' : '';
  return UNITS.get(unit) ?? '';
}

/** `hawker.outcome` is `hawker_outcome`. */
export function labelName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]+/g, '_').replace(/^(?=\d)/, '_');
}

/** A chart, before it is one of Grafana's or Cloud Monitoring's. */
import type { MetricName } from '#shared/telemetry/metric-table.ts';
import { METRIC_TEXTS } from '#shared/telemetry/metric-texts.ts';

export interface Query {
  expr: string;
  legend: string;
}

export interface Panel {
  title: string;
  /** One sentence: what it shows, and what to make of it. */
  about: string;
  /** As Grafana calls it. */
  unit: 'reqps' | 'cps' | 'percentunit' | 's' | 'bytes' | 'short' | 'bool_yes_no' | 'eps';
  queries: readonly Query[];
  /** Whether traces are marked in it: it shows a histogram. */
  exemplars?: true;
  kind?: 'line' | 'stacked' | 'stat';
}

export interface Section {
  title: string;
  panels: readonly Panel[];
}

/** Grafana's own window: as long as rates need at this zoom. Cloud Monitoring has `${__interval}` for it. */
export const WINDOW = '$__rate_interval';

/** What the table says of a metric, as a sentence. */
export function about(name: MetricName): string {
  return `${METRIC_TEXTS[name]}.`;
}

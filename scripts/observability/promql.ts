/** PromQL about the metrics of the table: a name or a label that it has not is refused by the compiler. */
import { METRICS, type MetricName, type MetricSpec } from '#shared/telemetry/metric-table.ts';
import { labelName, prometheusName } from '#shared/telemetry/prometheus-names.ts';

type LabelOf<M extends MetricName> = keyof (typeof METRICS)[M]['labels'] & string;
/** Labels of any metric, and those that Prometheus adds to each. */
type AnyLabel = { [M in MetricName]: LabelOf<M> }[MetricName] | 'job' | 'instance' | 'le';
type HistogramPart = 'bucket' | 'sum' | 'count';

/** What a label must be: `=a`, `!=a`, `=~a|b` or `!~a|b`. */
export type Where<M extends MetricName> = {
  [Label in LabelOf<M> | 'job' | 'le']?: `${'=' | '!=' | '=~' | '!~'}${string}`;
};

/** A histogram is asked for by one of its parts. */
export function series<M extends MetricName>(name: M, where: Where<M> = {}, part?: HistogramPart): string {
  const matchers = Object.entries(where).map(([label, value]) => {
    const [, operator = '', wanted = ''] = /^(=~|!~|!=|=)(.*)$/s.exec(value as string) ?? [];
    return `${labelName(label)}${operator}${JSON.stringify(wanted)}`;
  });
  const suffix = part === undefined ? '' : `_${part}`;
  return `${seriesName(name)}${suffix}${matchers.length > 0 ? `{${matchers.join(',')}}` : ''}`;
}

export function seriesName(name: MetricName): string {
  const spec: MetricSpec = METRICS[name];
  return prometheusName(name, spec);
}

/** `by (a, b)`. */
export function by(...labels: AnyLabel[]): string {
  return `by (${labels.map(labelName).join(', ')})`;
}

/** What to call a line of a chart: `{{a}} {{b}}`. */
export function legend(...labels: AnyLabel[]): string {
  return labels.map((label) => `{{${labelName(label)}}}`).join(' ');
}

/**
 * How much a counter grew, also where it is new: of something rare the first time is the one that matters, and `increase` sees nothing before a second sample.
 */
export function grew(counter: string, window: string): string {
  return `(${counter} unless ${counter} offset ${window}) or increase(${counter}[${window}])`;
}

/** Per second, of a histogram's measurements or a counter. */
export function rate(counter: string, window: string): string {
  return `rate(${counter}[${window}])`;
}

export function quantile(q: number, buckets: string, window: string, ...labels: AnyLabel[]): string {
  return `histogram_quantile(${q}, sum ${by('le', ...labels)} (${rate(buckets, window)}))`;
}

/** Values as a regular expression; names of the bundle hold nothing that means anything there but dots. */
export function oneOf(values: readonly string[]): `=~${string}` {
  return `=~${values.map((value) => value.replaceAll('.', '\\.')).join('|')}`;
}

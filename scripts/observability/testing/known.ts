/** What there is to ask for: the table's metrics, what is recorded, and what others measure. */
import { MANIFEST } from '#functions/manifest.ts';
import { METRICS, type MetricSpec } from '#shared/telemetry/metric-table.ts';
import { labelName, prometheusName } from '#shared/telemetry/prometheus-names.ts';
import { LOG_METRICS } from '../cloud-monitoring.ts';
import { RECORDED } from '../recorded.ts';
import { scan } from './scan.ts';

/** By label: the values that it may have, or that anything may be its value. */
export type Labels = ReadonlyMap<string, readonly string[] | 'anything'>;

const FUNCTIONS = MANIFEST.map(({ name }) => name);
/** Labels whose values the bundle names. */
const NAMED: Record<string, readonly string[]> = {
  faas_name: FUNCTIONS,
  hawker_consumer: FUNCTIONS,
  messaging_destination_subscription_name: FUNCTIONS,
  messaging_destination_name: [...new Set(MANIFEST.flatMap(({ publishes }) => publishes))],
  db_collection_name: [...new Set(MANIFEST.flatMap(({ store }) => Object.keys(store)))],
};
/** Prometheus and the collector add these to whatever they take. */
const ADDED = ['job', 'instance'];

/** By the name of the series, as it is asked for. */
export function knownSeries(): Map<string, Labels> {
  const known = new Map<string, Labels>();
  for (const [name, spec] of Object.entries(METRICS) as [string, MetricSpec][]) {
    const labels = new Map<string, readonly string[] | 'anything'>(ADDED.map((each) => [each, 'anything']));
    for (const [label, values] of Object.entries(spec.labels)) {
      const given = labelName(label);
      labels.set(given, values === 'named' ? (NAMED[given] ?? 'anything') : values);
    }
    const series = prometheusName(name, spec);
    if (spec.kind !== 'histogram') known.set(series, labels);
    else {
      known.set(`${series}_sum`, labels).set(`${series}_count`, labels);
      known.set(`${series}_bucket`, new Map([...labels, ['le', 'anything']]));
    }
  }
  for (const { record, expr } of RECORDED)
    known.set(
      record,
      new Map(
        scan(expr)
          .grouped.filter((label) => label !== 'le')
          .map((label) => [label, NAMED[label] ?? 'anything']),
      ),
    );
  return known;
}

/** What Prometheus and Google measure themselves. */
export function foreignSeries(): Map<string, Labels> {
  const anything = (...labels: string[]): Labels => new Map(labels.map((label) => [label, 'anything']));
  const subscriptions = FUNCTIONS.flatMap((name) => [name, `${name}-dead`]);
  const pubsub: Labels = new Map([...anything('monitored_resource'), ['subscription_id', subscriptions]]);
  return new Map([
    ['up', anything(...ADDED)],
    ['pubsub_googleapis_com:subscription_num_undelivered_messages', pubsub],
    ['pubsub_googleapis_com:subscription_oldest_unacked_message_age', pubsub],
    ...Object.entries(LOG_METRICS).map(([name, { metricDescriptor }]) => {
      const own = metricDescriptor.labels.map(({ key }) => key);
      return [`logging_googleapis_com:user_${name}`, anything('monitored_resource', 'service_name', ...own)] as const;
    }),
  ]);
}

/** What is asked for in vain, in words; nothing where all of it is there. */
export function unknownIn(expr: string, known: ReadonlyMap<string, Labels>): string[] {
  const wrong: string[] = [];
  const { selectors, grouped } = scan(expr);
  const all = new Set<string>();
  for (const { name, matchers } of selectors) {
    const labels = known.get(name);
    if (!labels) {
      wrong.push(`there is no series ${name}`);
      continue;
    }
    for (const label of labels.keys()) all.add(label);
    for (const { label, operator, value } of matchers) {
      const values = labels.get(label);
      if (!values) wrong.push(`${name} has no label ${label}`);
      else if (values !== 'anything' && value !== '')
        for (const each of operator.endsWith('~') ? value.replaceAll('\\', '').split('|') : [value])
          if (!values.includes(each)) wrong.push(`${label} of ${name} is never ${each}`);
    }
  }
  for (const label of grouped) if (!all.has(label)) wrong.push(`nothing in it has the label ${label}`);
  return wrong;
}

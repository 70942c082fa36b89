/** Charts of what one part of Hawker alone measures. */
import type { MetricName } from '#shared/telemetry/metric-table.ts';
import { about, type Panel, WINDOW } from './panel.ts';
import { by, legend, quantile, rate, series } from './promql.ts';
import { REDIRECT_P99, redirectErrors } from './recorded.ts';

type Label = Parameters<typeof by>[number];

/** How often a counter counts, by some of its labels. */
export function perSecond(
  title: string,
  metric: MetricName,
  counter: string,
  labels: Label[],
  unit: Panel['unit'] = 'cps',
): Panel {
  const expr = labels.length > 0 ? `sum ${by(...labels)} (${rate(counter, WINDOW)})` : `sum(${rate(counter, WINDOW)})`;
  return {
    title,
    about: about(metric),
    unit,
    kind: 'stacked',
    queries: [{ expr, legend: legend(...labels) || title }],
  };
}

/** The median and the slowest of a hundred. */
export function durations(
  title: string,
  metric: MetricName,
  buckets: string,
  labels: Label[] = [],
  unit: Panel['unit'] = 's',
): Panel {
  const of = labels.length > 0 ? ` ${legend(...labels)}` : '';
  return {
    title,
    about: `${about(metric)} Marks are traces.`,
    unit,
    exemplars: true,
    queries: [
      { expr: quantile(0.99, buckets, WINDOW, ...labels), legend: `99 %${of}` },
      { expr: quantile(0.5, buckets, WINDOW, ...labels), legend: `50 %${of}` },
    ],
  };
}

/** A gauge as it is, the largest of all processes. */
export function largest(title: string, metric: MetricName, gauge: string, labels: Label[], unit: Panel['unit']): Panel {
  const expr = labels.length > 0 ? `max ${by(...labels)} (${gauge})` : `max(${gauge})`;
  return { title, about: about(metric), unit, queries: [{ expr, legend: legend(...labels) || title }] };
}

export const REDIRECTS: readonly Panel[] = [
  perSecond(
    'Redirects by outcome',
    'hawker.redirect.duration',
    series('hawker.redirect.duration', {}, 'count'),
    ['hawker.outcome'],
    'reqps',
  ),
  {
    title: 'Share of redirects that fail',
    about: 'Against the budget of 0.1 %: the alerts compare a long window with a short one.',
    unit: 'percentunit',
    queries: (['5m', '1h', '6h', '3d'] as const).map((window) => ({ expr: redirectErrors(window), legend: window })),
  },
  durations('Redirects: duration', 'hawker.redirect.duration', series('hawker.redirect.duration', {}, 'bucket'), [
    'hawker.cache',
  ]),
  {
    title: 'Redirects: 99 %, recorded',
    about: 'The slowest of a hundred over five minutes, as the alert sees it.',
    unit: 's',
    queries: [{ expr: REDIRECT_P99, legend: '99 %' }],
  },
  perSecond('Hits by who opened them', 'hawker.redirect.hits', series('hawker.redirect.hits'), ['hawker.label']),
  largest('Hits held', 'hawker.redirect.hits.held', series('hawker.redirect.hits.held'), [], 'short'),
  perSecond('Hits lost', 'hawker.redirect.hits.lost', series('hawker.redirect.hits.lost'), []),
];

export const BUS: readonly Panel[] = [
  perSecond('Readings by freshness', 'hawker.bus.readings', series('hawker.bus.readings'), ['hawker.freshness']),
  {
    title: 'Open streams',
    about: about('hawker.bus.watchers'),
    unit: 'short',
    queries: [{ expr: `sum(${series('hawker.bus.watchers')})`, legend: 'streams' }],
  },
  {
    title: 'Calls left now',
    about: about('hawker.upstream.budget_left'),
    unit: 'short',
    queries: [
      {
        expr: `min ${by('hawker.upstream')} (${series('hawker.upstream.budget_left')})`,
        legend: legend('hawker.upstream'),
      },
    ],
  },
  largest(
    'Breaker open',
    'hawker.upstream.breaker_open',
    series('hawker.upstream.breaker_open'),
    ['hawker.upstream'],
    'bool_yes_no',
  ),
];

export const SLIDES: readonly Panel[] = [
  perSecond('Images by outcome', 'hawker.slides.images', series('hawker.slides.images'), ['hawker.outcome']),
  durations(
    'Size of images',
    'hawker.slides.image.size',
    series('hawker.slides.image.size', {}, 'bucket'),
    ['hawker.converted'],
    'bytes',
  ),
  durations(
    'Conversion',
    'hawker.slides.conversion.duration',
    series('hawker.slides.conversion.duration', {}, 'bucket'),
  ),
  perSecond(
    'Conversions that fail',
    'hawker.slides.conversion.duration',
    series('hawker.slides.conversion.duration', { 'error.type': '!=' }, 'count'),
    ['error.type'],
  ),
];

export const MIGRATIONS: readonly Panel[] = [
  perSecond('Runs by end', 'hawker.migration.runs', series('hawker.migration.runs'), [
    'hawker.target',
    'hawker.outcome',
  ]),
  durations('One migration', 'hawker.migration.step.duration', series('hawker.migration.step.duration', {}, 'bucket'), [
    'hawker.target',
    'hawker.direction',
  ]),
  largest('Pending', 'hawker.migration.pending', series('hawker.migration.pending'), ['hawker.target'], 'short'),
  largest('Since it last got on', 'hawker.migration.idle', series('hawker.migration.idle'), ['hawker.target'], 's'),
];

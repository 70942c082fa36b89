/**
 * Every metric that Hawker takes, as data: `/metrics`, OTLP, README's table, the dashboards and the alerts are made from it.
 *
 * Names and units are OpenTelemetry's where its conventions have the thing (https://opentelemetry.io/docs/specs/semconv/general/metrics/), and begin with `hawker.`
 * where they have not. A label's values are listed, or bounded by what the bundle itself names (functions, routes, collections, topics): never a host, a link, a
 * stop, a person or an address. Whatever a bug may do, a metric keeps MOST_SERIES at most (metrics.ts).
 */
import { BYTES, ERROR, type Given, LONG_SECONDS, type MetricSpec, SECONDS } from './metric-spec.ts';

export type { MetricSpec } from './metric-spec.ts';

export const METRICS = {
  'http.server.request.duration': {
    kind: 'histogram',
    unit: 's',
    labels: {
      'faas.name': 'named',
      'http.request.method': ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      'http.route': 'named',
      'http.response.status_code': 'named',
      ...ERROR,
    },
    buckets: SECONDS,
  },
  'hawker.redirect.duration': {
    kind: 'histogram',
    unit: 's',
    labels: {
      'hawker.outcome': ['redirected', 'gone', 'not_found', 'refused', 'reserved', 'unavailable', 'failed'],
      'hawker.cache': ['hit', 'miss'],
    },
    buckets: [0.0001, 0.00025, ...SECONDS],
  },
  'hawker.redirect.hits': {
    kind: 'counter',
    unit: '{hit}',
    labels: { 'hawker.label': ['human', 'bot', 'preview', 'prefetch', 'head', 'scanner'] },
  },
  'hawker.redirect.hits.held': {
    kind: 'gauge',
    unit: '{hit}',
    labels: {},
  },
  'hawker.redirect.hits.lost': {
    kind: 'counter',
    unit: '{hit}',
    labels: {},
  },
  'db.client.operation.duration': {
    kind: 'histogram',
    unit: 's',
    labels: {
      'db.system.name': ['sqlite', 'gcp.firestore', 'memory'],
      'db.operation.name': ['get', 'list', 'commit'],
      'db.collection.name': 'named',
      ...ERROR,
    },
    buckets: SECONDS,
  },
  'messaging.client.operation.duration': {
    kind: 'histogram',
    unit: 's',
    labels: {
      'messaging.system': ['hawker_embedded', 'gcp_pubsub'],
      'messaging.operation.name': ['publish'],
      'messaging.destination.name': 'named',
      ...ERROR,
    },
    buckets: SECONDS,
  },
  'messaging.process.duration': {
    kind: 'histogram',
    unit: 's',
    labels: { 'messaging.destination.subscription.name': 'named', ...ERROR },
    buckets: SECONDS,
  },
  'hawker.queue.depth': {
    kind: 'gauge',
    unit: '{event}',
    labels: { 'messaging.destination.subscription.name': 'named', 'hawker.state': ['waiting', 'dead'] },
  },
  'hawker.queue.oldest_age': {
    kind: 'gauge',
    unit: 's',
    labels: { 'messaging.destination.subscription.name': 'named' },
  },
  'hawker.queue.dead_letters': {
    kind: 'counter',
    unit: '{event}',
    labels: { 'messaging.destination.subscription.name': 'named' },
  },
  'hawker.inbox.duplicates': {
    kind: 'counter',
    unit: '{event}',
    labels: { 'hawker.consumer': 'named' },
  },
  'hawker.outbox.relayed': {
    kind: 'counter',
    unit: '{event}',
    labels: { 'hawker.outcome': ['published', 'held_back', 'dead'] },
  },
  'hawker.lease.leading': {
    kind: 'gauge',
    unit: '{leader}',
    labels: { 'hawker.lease': 'named' },
  },
  'hawker.lease.transitions': {
    kind: 'counter',
    unit: '{transition}',
    labels: { 'hawker.lease': 'named', 'hawker.outcome': ['acquired', 'released', 'lost'] },
  },
  'hawker.lease.renewal.duration': {
    kind: 'histogram',
    unit: 's',
    labels: { 'hawker.lease': 'named', ...ERROR },
    buckets: SECONDS,
  },
  'hawker.schedule.firing.duration': {
    kind: 'histogram',
    unit: 's',
    labels: { 'faas.name': 'named', 'hawker.outcome': ['done', 'failed', 'skipped', 'idle', 'again'] },
    buckets: LONG_SECONDS,
  },
  'hawker.schedule.last_success': {
    kind: 'gauge',
    unit: 's',
    labels: { 'faas.name': 'named' },
  },
  'hawker.upstream.duration': {
    kind: 'histogram',
    unit: 's',
    labels: {
      'hawker.upstream': ['lta', 'slides', 'drive', 'storage', 'iam', 'secretmanager', 'sqladmin', 'push', 'web'],
      'hawker.operation': 'named',
      ...ERROR,
    },
    buckets: SECONDS,
  },
  'hawker.upstream.budget_left': {
    kind: 'gauge',
    unit: '{call}',
    labels: { 'hawker.upstream': ['lta', 'slides'] },
  },
  'hawker.upstream.breaker_open': {
    kind: 'gauge',
    unit: '{breaker}',
    labels: { 'hawker.upstream': ['lta'] },
  },
  'hawker.bus.readings': {
    kind: 'counter',
    unit: '{reading}',
    labels: { 'hawker.freshness': ['live', 'cached', 'stale', 'none'] },
  },
  'hawker.bus.watchers': {
    kind: 'gauge',
    unit: '{stream}',
    labels: {},
  },
  'hawker.slides.images': {
    kind: 'counter',
    unit: '{image}',
    labels: { 'hawker.outcome': ['placed', 'failed'] },
  },
  'hawker.slides.image.size': {
    kind: 'histogram',
    unit: 'By',
    labels: { 'hawker.converted': ['yes', 'no'] },
    buckets: BYTES,
  },
  'hawker.slides.conversion.duration': {
    kind: 'histogram',
    unit: 's',
    labels: { ...ERROR },
    buckets: SECONDS,
  },
  'hawker.migration.step.duration': {
    kind: 'histogram',
    unit: 's',
    labels: { 'hawker.target': 'named', 'hawker.direction': ['up', 'down'], ...ERROR },
    buckets: LONG_SECONDS,
  },
  'hawker.migration.runs': {
    kind: 'counter',
    unit: '{run}',
    labels: {
      'hawker.target': 'named',
      'hawker.outcome': ['succeeded', 'failed', 'cancelled', 'continued', 'paused', 'interrupted'],
    },
  },
  'hawker.migration.pending': {
    kind: 'gauge',
    unit: '{migration}',
    labels: { 'hawker.target': 'named' },
  },
  'hawker.migration.idle': {
    kind: 'gauge',
    unit: 's',
    labels: { 'hawker.target': 'named' },
  },
  'hawker.dependency.ready': {
    kind: 'gauge',
    unit: '{dependency}',
    labels: { 'hawker.dependency': 'named' },
  },
  'process.cpu.time': {
    kind: 'counter',
    unit: 's',
    labels: { 'cpu.mode': ['user', 'system'] },
  },
  'process.memory.usage': {
    kind: 'gauge',
    unit: 'By',
    labels: {},
  },
  'nodejs.eventloop.delay.p99': {
    kind: 'gauge',
    unit: 's',
    labels: {},
  },
  'process.uptime': {
    kind: 'gauge',
    unit: 's',
    labels: {},
  },
} as const satisfies Record<string, MetricSpec>;

type Table = typeof METRICS;
export type MetricName = keyof Table;
type NamesOf<Kind extends MetricSpec['kind']> = {
  [Name in MetricName]: Table[Name]['kind'] extends Kind ? Name : never;
}[MetricName];
export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;
export type HistogramName = NamesOf<'histogram'>;

/** What to say of one measurement. */
export type LabelsOf<Name extends MetricName> = Given<Table[Name]['labels']>;

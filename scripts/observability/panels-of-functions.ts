/** Charts that a function gets for what its row in the manifest says: its trigger, the collections, topics and services that it uses. */
import type { FunctionRow } from '#shared/define.ts';
import { about, type Panel, WINDOW } from './panel.ts';
import { durations, largest, perSecond } from './panels-of-pages.ts';
import { by, legend, oneOf, rate, series, type Where } from './promql.ts';
import { REQUEST_ERRORS } from './recorded.ts';

const SUBSCRIPTION = 'messaging.destination.subscription.name';

export function requests(name: string): Panel[] {
  const mine = { 'faas.name': `=${name}` } as const;
  const metric = 'http.server.request.duration';
  return [
    perSecond('Requests by status', metric, series(metric, mine, 'count'), ['http.response.status_code'], 'reqps'),
    durations('Requests: duration', metric, series(metric, mine, 'bucket'), ['http.request.method', 'http.route']),
    {
      title: 'Share of requests that fail',
      about:
        'Answers of 500 and above, over five minutes, but for those that a missing setting explains (not_configured).',
      unit: 'percentunit',
      queries: [{ expr: `${REQUEST_ERRORS}{faas_name="${name}"}`, legend: 'fail' }],
    },
  ];
}

export function events(name: string): Panel[] {
  const mine = { [SUBSCRIPTION]: `=${name}` } as const;
  const handled = 'messaging.process.duration';
  return [
    perSecond('Events by error', handled, series(handled, mine, 'count'), ['error.type'], 'eps'),
    durations('Events: duration', handled, series(handled, mine, 'bucket')),
    largest('Waiting and dead', 'hawker.queue.depth', series('hawker.queue.depth', mine), ['hawker.state'], 'short'),
    largest('Oldest that waits', 'hawker.queue.oldest_age', series('hawker.queue.oldest_age', mine), [], 's'),
    perSecond('New dead letters', 'hawker.queue.dead_letters', series('hawker.queue.dead_letters', mine), [], 'eps'),
    perSecond(
      'Came again',
      'hawker.inbox.duplicates',
      series('hawker.inbox.duplicates', { 'hawker.consumer': `=${name}` }),
      [],
      'eps',
    ),
  ];
}

export function firings(name: string): Panel[] {
  const mine = { 'faas.name': `=${name}` } as const;
  const fired = 'hawker.schedule.firing.duration';
  return [
    perSecond('Firings by end', fired, series(fired, mine, 'count'), ['hawker.outcome']),
    durations('Firings: duration', fired, series(fired, mine, 'bucket')),
    {
      title: 'Since the last good end',
      about: about('hawker.schedule.last_success'),
      unit: 's',
      queries: [{ expr: `time() - max(${series('hawker.schedule.last_success', mine)})`, legend: 'ago' }],
    },
    ...leases({ 'hawker.lease': `=schedule.${name}` }),
  ];
}

export function leases(where: Where<'hawker.lease.leading'> = {}): Panel[] {
  const renewal = 'hawker.lease.renewal.duration';
  return [
    largest('Led', 'hawker.lease.leading', series('hawker.lease.leading', where), ['hawker.lease'], 'bool_yes_no'),
    perSecond('Terms', 'hawker.lease.transitions', series('hawker.lease.transitions', where), [
      'hawker.lease',
      'hawker.outcome',
    ]),
    durations('Renewing the lease', renewal, series(renewal, where, 'bucket'), ['hawker.lease']),
  ];
}

/** Its collections; those of others that use them too are in it. */
export function store(row: Pick<FunctionRow, 'store'>): Panel[] {
  const names = Object.keys(row.store);
  if (names.length === 0) return [];
  const mine = { 'db.collection.name': oneOf(names) };
  const metric = 'db.client.operation.duration';
  return [
    perSecond('Store: calls', metric, series(metric, mine, 'count'), ['db.operation.name', 'db.collection.name']),
    durations('Store: duration', metric, series(metric, mine, 'bucket'), ['db.operation.name']),
    perSecond('Store: errors', metric, series(metric, { ...mine, 'error.type': '!=' }, 'count'), [
      'db.collection.name',
      'error.type',
    ]),
  ];
}

export function published({ publishes }: Pick<FunctionRow, 'publishes'>): Panel[] {
  if (publishes.length === 0) return [];
  const metric = 'messaging.client.operation.duration';
  const mine = { 'messaging.destination.name': oneOf(publishes) };
  const labels = ['messaging.destination.name', 'error.type'] as const;
  return [
    perSecond('Published', metric, series(metric, mine, 'count'), [...labels], 'eps'),
    durations('Publishing: duration', metric, series(metric, mine, 'bucket'), ['messaging.destination.name']),
  ];
}

/** Services by the names of `hawker.upstream`. */
export function upstreams(names: readonly string[]): Panel[] {
  if (names.length === 0) return [];
  const metric = 'hawker.upstream.duration';
  const mine = { 'hawker.upstream': oneOf(names) };
  return [
    perSecond('Calls of other services', metric, series(metric, mine, 'count'), [
      'hawker.upstream',
      'hawker.operation',
      'error.type',
    ]),
    durations('Other services: duration', metric, series(metric, mine, 'bucket'), [
      'hawker.upstream',
      'hawker.operation',
    ]),
  ];
}

/** Processes of these jobs; `$job` in Grafana. */
export function processes(job: string): Panel[] {
  const mine = { job: `=~${job}` } as const;
  const where = ['job', 'instance'] as const;
  return [
    largest('Memory', 'process.memory.usage', series('process.memory.usage', mine), [...where], 'bytes'),
    {
      title: 'Processor',
      about: about('process.cpu.time'),
      unit: 'percentunit',
      queries: [
        {
          expr: `sum ${by(...where, 'cpu.mode')} (${rate(series('process.cpu.time', mine), WINDOW)})`,
          legend: legend(...where, 'cpu.mode'),
        },
      ],
    },
    largest(
      'Event loop: delay, 99 %',
      'nodejs.eventloop.delay.p99',
      series('nodejs.eventloop.delay.p99', mine),
      [...where],
      's',
    ),
  ];
}

export function uptime(job: string): Panel {
  const gauge = series('process.uptime', { job: `=~${job}` });
  return largest('Up for', 'process.uptime', gauge, ['job', 'instance'], 's');
}

/** Of each process what it needs or has used. */
export function readiness(job: string): Panel {
  const gauge = series('hawker.dependency.ready', { job: `=~${job}` });
  return {
    title: 'Ready',
    about: about('hawker.dependency.ready'),
    unit: 'bool_yes_no',
    queries: [{ expr: `min ${by('job', 'hawker.dependency')} (${gauge})`, legend: legend('job', 'hawker.dependency') }],
  };
}

/** Alerts about work that nobody waits for in front of a screen: the queue, the outbox, leases, schedules, migrations. */
import { MANIFEST } from '#functions/manifest.ts';
import { isScheduled, subscriptionsOf } from '#shared/define.ts';
import { deadName } from '#shared/queue/pubsub-dead-letters.ts';
import { ALL_IN_ONE, type Alert, COUNT, DURATION } from './alert.ts';
import { longestPeriod } from './periods.ts';
import { by, grew, oneOf, series } from './promql.ts';

const subscriptions = subscriptionsOf(MANIFEST).map(({ name }) => name);
/** Pub/Sub's own metrics, which Cloud Monitoring has whether or not Hawker runs: https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-pubsub */
const pubsub = (metric: string, names: readonly string[]) =>
  `pubsub_googleapis_com:subscription_${metric}{monitored_resource="pubsub_subscription",subscription_id=~"${names.join('|')}"}`;

const SUBSCRIPTION = 'messaging.destination.subscription.name';
const relayed = (outcome: 'held_back' | 'dead', window: string) =>
  `sum(${grew(series('hawker.outbox.relayed', { 'hawker.outcome': `=${outcome}` }), window)})`;
const ended = (outcome: 'lost' | 'acquired', window: string) =>
  `sum ${by('hawker.lease')} (${grew(series('hawker.lease.transitions', { 'hawker.outcome': `=${outcome}` }), window)})`;

const fired = (outcome: 'failed' | 'done|idle', window: string) =>
  `sum ${by('faas.name')} (${grew(series('hawker.schedule.firing.duration', { 'hawker.outcome': `=~${outcome}` }, 'count'), window)})`;

/**
 * Schedules with the same longest time between two firings are one question. Where `restarts` are told apart, a process that was away for so long and is back has its first
 * firing still before it.
 */
function late(restarts: boolean): string {
  const bySeconds = Map.groupBy(MANIFEST.filter(isScheduled), ({ trigger }) => longestPeriod(trigger));
  return [...bySeconds]
    .sort(([a], [b]) => a - b)
    .map(([seconds, rows]) => {
      const names = rows.map(({ name }) => name);
      const success = series('hawker.schedule.last_success', { 'faas.name': oneOf(names) });
      const up = series('process.uptime', { job: oneOf([ALL_IN_ONE, ...names].map((name) => `hawker/${name}`)) });
      const back = `max(${up}) unless on () max(max_over_time(${up}[${seconds}s] offset ${seconds}s))`;
      // An instance that is gone tells nothing any more; what it told last still counts for a day.
      const overdue = `time() - max ${by('faas.name')} (max_over_time(${success}[1d])) > ${2 * seconds}`;
      return restarts ? `(${overdue} unless on () (${back}))` : overdue;
    })
    .join(' or ');
}

export const WORK_ALERTS: readonly Alert[] = [
  {
    name: 'HawkerDeadLetters',
    group: 'queue',
    severity: 'warning',
    expr:
      `max ${by(SUBSCRIPTION)} (${series('hawker.queue.depth', { 'hawker.state': '=dead' })}) > 0` +
      ` or sum ${by(SUBSCRIPTION)} (${grew(series('hawker.queue.dead_letters'), '15m')}) > 0`,
    google: {
      expr: `sum by (subscription_id) (${pubsub('num_undelivered_messages', subscriptions.map(deadName))}) > 0`,
    },
    forMinutes: 0,
    summary: 'Events of {{ $labels.messaging_destination_subscription_name }} became dead letters',
    about:
      'They were delivered as often as they may be and never handled. They are kept until somebody delivers them again or removes them.',
    value: COUNT,
  },
  {
    name: 'HawkerQueueOld',
    group: 'queue',
    severity: 'warning',
    expr: `max ${by(SUBSCRIPTION)} (${series('hawker.queue.oldest_age')}) > 300`,
    google: { expr: `max by (subscription_id) (${pubsub('oldest_unacked_message_age', subscriptions)}) > 300` },
    forMinutes: 5,
    summary: 'An event for {{ $labels.messaging_destination_subscription_name }} has waited for more than five minutes',
    about: 'The function does not keep up, or fails again and again at the same event.',
    value: DURATION,
  },
  {
    name: 'HawkerOutboxHeldBack',
    group: 'queue',
    severity: 'warning',
    expr: `${relayed('held_back', '5m')} > 0`,
    forMinutes: 10,
    summary: 'The queue does not take events of the outbox',
    about:
      'Events that were committed with their changes are tried again with each firing, in their order, and not published yet.',
    value: COUNT,
  },
  {
    name: 'HawkerOutboxDead',
    group: 'queue',
    severity: 'warning',
    expr: `${relayed('dead', '1h')} > 0`,
    forMinutes: 0,
    summary: 'Events of the outbox were put aside, as no queue will ever take them',
    about:
      'They are too large or malformed, and are kept in the collection `outbox-dead`: whoever listens to them never hears of the change.',
    value: COUNT,
  },
  {
    name: 'HawkerLeaseFlapping',
    group: 'coordination',
    severity: 'warning',
    expr: `${ended('lost', '10m')} >= 3`,
    forMinutes: 0,
    summary: 'The lease {{ $labels.hawker_lease }} is lost again and again',
    about:
      'Holders cannot renew in time, three times or more within ten minutes: the store is slow, the process stands still, or somebody breaks it.',
    value: COUNT,
  },
  {
    name: 'HawkerNoLeader',
    group: 'coordination',
    severity: 'warning',
    expr: `${ended('lost', '1h')} > 0 unless ${ended('acquired', '10m')} > 0 unless max ${by('hawker.lease')} (${series('hawker.lease.leading')}) == 1`,
    forMinutes: 5,
    summary: 'Nobody leads since the lease {{ $labels.hawker_lease }} was lost',
    about: 'Its last holder lost it within the hour, and nobody has taken it over: what runs under it does not run.',
    value: COUNT,
  },
  {
    name: 'HawkerScheduleLate',
    group: 'coordination',
    severity: 'warning',
    expr: late(true),
    // Cloud Scheduler is never away, and an instance that it starts for a firing always has only just come.
    google: { expr: late(false) },
    forMinutes: 3,
    summary: '{{ $labels.faas_name }} has not come to a good end for two of its periods',
    about: 'The schedule does not fire, or its firings fail or hang.',
    value: DURATION,
  },
  {
    name: 'HawkerScheduleFailing',
    group: 'coordination',
    severity: 'warning',
    // What never succeeded since its process began has no last success to be late by (HawkerScheduleLate), and what fires once an hour cannot fail three times in one.
    expr: `${fired('failed', '1h')} >= 3 or (${fired('failed', '6h')} >= 3 unless ${fired('done|idle', '6h')} > 0)`,
    forMinutes: 0,
    summary: 'Firings of {{ $labels.faas_name }} fail',
    about:
      'Three or more within an hour, also where others in between succeed; or within six hours, and none succeeds.',
    value: COUNT,
  },
  {
    name: 'HawkerMigrationStuck',
    group: 'migrations',
    severity: 'critical',
    expr: `max ${by('hawker.target')} (${series('hawker.migration.idle')}) > 900`,
    forMinutes: 5,
    summary: 'The run on {{ $labels.hawker_target }} has not got on for a quarter of an hour',
    about:
      'No migration and no page of a backfill was finished: one statement takes that long, or waits for a lock while others wait for it.',
    value: DURATION,
  },
  {
    name: 'HawkerMigrationFailed',
    group: 'migrations',
    severity: 'critical',
    expr: `sum ${by('hawker.target')} (${grew(series('hawker.migration.runs', { 'hawker.outcome': '=failed' }), '30m')}) > 0`,
    forMinutes: 0,
    summary: 'A run of migrations on {{ $labels.hawker_target }} failed',
    about:
      'The database is at the version before the one that failed, or dirty where nobody knows how its step ended; or the run never connected, and the database is as it was.',
    value: COUNT,
  },
];

/** Alerts about functions and the processes that they run in. */
import { MANIFEST } from '#functions/manifest.ts';
import { ALL_IN_ONE, type Alert, DURATION, PERCENT } from './alert.ts';
import { by, oneOf, series } from './promql.ts';
import { REQUEST_ERRORS } from './recorded.ts';

/** `service.namespace/service.name`, as OpenTelemetry's metrics get their job: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/ */
export const JOBS = 'hawker/.+';
const MIB = 1024 * 1024;
/** What a process with all functions may use, in MiB. */
const ALL_MEMORY = 1_024;

/** Of a process, as a share of what the platform gives it. */
function memory(): string {
  const byMemory = Map.groupBy([{ name: ALL_IN_ONE, memory: ALL_MEMORY }, ...MANIFEST], ({ memory }) => memory);
  return [...byMemory]
    .sort(([a], [b]) => a - b)
    .map(([mib, rows]) => {
      const used = series('process.memory.usage', { job: oneOf(rows.map(({ name }) => `hawker/${name}`)) });
      return `max ${by('job', 'instance')} (${used}) / ${mib * MIB} > 0.9`;
    })
    .join(' or ');
}

const NO_SCRAPE = 'nothing is scraped there, and instances that are not needed are not there';

export const PROCESS_ALERTS: readonly Alert[] = [
  {
    name: 'HawkerRequestsFailing',
    group: 'processes',
    severity: 'critical',
    expr: `${REQUEST_ERRORS} > 0.05`,
    forMinutes: 10,
    summary: 'More than one of twenty requests to {{ $labels.faas_name }} fails',
    about:
      'Answers of 500 and above: a fault of the function or of what it depends on, not of its callers. What nobody has set up (not_configured) does not count.',
    value: PERCENT,
  },
  {
    name: 'HawkerNotReady',
    group: 'processes',
    severity: 'critical',
    expr: `min ${by('job', 'instance', 'hawker.dependency')} (${series('hawker.dependency.ready', { job: `=~${JOBS}`, 'hawker.dependency': '=~store|queue' })}) == 0`,
    forMinutes: 2,
    summary: '{{ $labels.job }} cannot use its {{ $labels.hawker_dependency }}',
    about: 'The process lives, and what it needs for all its work fails its checks or does not answer them.',
    value: '{{ $value }}',
  },
  {
    name: 'HawkerMemoryHigh',
    group: 'processes',
    severity: 'warning',
    expr: memory(),
    forMinutes: 10,
    summary: '{{ $labels.job }} uses nine tenths of its memory',
    about: `The platform ends a process that takes more than its function may have (\`memory\` in the manifest; ${ALL_MEMORY} MiB is assumed where all functions share a process).`,
    value: PERCENT,
  },
  {
    name: 'HawkerEventLoopSlow',
    group: 'processes',
    severity: 'warning',
    expr: `max ${by('job', 'instance')} (${series('nodejs.eventloop.delay.p99', { job: `=~${JOBS}` })}) > 0.5`,
    forMinutes: 5,
    summary: '{{ $labels.job }} stands still for half a second at a time',
    about:
      'Something computes without pause, or there is too little processor time: everything else in the process waits meanwhile.',
    value: DURATION,
  },
  {
    name: 'HawkerDown',
    group: 'processes',
    severity: 'critical',
    expr: `up{job=~"${JOBS}"} == 0`,
    google: { none: NO_SCRAPE },
    forMinutes: 2,
    summary: '{{ $labels.job }} at {{ $labels.instance }} does not answer Prometheus',
    about: 'The process is gone or hangs, or its second port (HAWKER_OPS_PORT) cannot be reached.',
    value: '{{ $value }}',
  },
  {
    name: 'HawkerAbsent',
    group: 'processes',
    severity: 'critical',
    expr: `absent(${series('process.uptime', { job: `=~${JOBS}` })})`,
    google: { none: NO_SCRAPE },
    forMinutes: 10,
    summary: 'No process of Hawker tells of itself',
    about: 'At least one should run at any time, and nothing has been scraped from one or sent by one for minutes.',
    value: '{{ $value }}',
  },
];

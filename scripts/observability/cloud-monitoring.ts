/** The same alerts and charts for Google Cloud, and what is counted from the log there. */
import type { Alert } from './alert.ts';
import { ALERTS, runbookOf } from './alerts.ts';
import { JOBS } from './alerts-processes.ts';
import { PAGES } from './pages.ts';
import { type Panel, WINDOW } from './panel.ts';
import { processes, uptime } from './panels-of-functions.ts';
import { filledIn } from './placeholders.ts';
import { withoutRecords } from './recorded.ts';

/** What it is asked on Google Cloud; undefined where it is not. */
export function googleExpr({ expr, google }: Alert): string | undefined {
  if (google && 'none' in google) return undefined;
  return withoutRecords(google?.expr ?? expr);
}

/** An AlertPolicy: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies. Who is told is for whoever makes it to say. */
function policy(alert: Alert, runbooks: string): object | undefined {
  const query = googleExpr(alert);
  if (query === undefined) return undefined;
  const { name, group, severity, about, forMinutes } = alert;
  return {
    displayName: name,
    combiner: 'OR',
    severity: severity.toUpperCase(),
    userLabels: { app: 'hawker', part: group },
    documentation: { mimeType: 'text/markdown', content: `${about}\n\nRunbook: ${runbookOf(alert, runbooks)}` },
    conditions: [
      {
        displayName: name,
        conditionPrometheusQueryLanguage: {
          query,
          duration: `${forMinutes * 60}s`,
          evaluationInterval: '30s',
          ruleGroup: `hawker-${group}`,
          alertRule: name,
          // A metric is there only once something was measured.
          disableMetricValidation: true,
        },
      },
    ],
    alertStrategy: { autoClose: '86400s' },
  };
}

export const policies = (runbooks: string) =>
  ALERTS.flatMap((alert) => {
    const made = policy(alert, runbooks);
    return made ? [{ name: alert.name, made }] : [];
  });

/** A LogMetric each: https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics. Failures are always logged, so these count them all, also where nothing is pushed. */
export const LOG_METRICS = {
  hawker_redirect_errors: {
    description: 'Redirects that failed, by outcome, counted from the log of the service redirects.',
    filter:
      'resource.type="cloud_run_revision" AND resource.labels.service_name="redirects" AND jsonPayload.outcome=("unavailable" OR "failed")',
    metricDescriptor: {
      metricKind: 'DELTA',
      valueType: 'INT64',
      unit: '1',
      labels: [{ key: 'outcome', valueType: 'STRING', description: 'unavailable or failed' }],
    },
    labelExtractors: { outcome: 'EXTRACT(jsonPayload.outcome)' },
  },
  hawker_failures: {
    description: 'Requests, events and firings that failed or have to come again, by kind, counted from the log.',
    filter:
      'resource.type="cloud_run_revision" AND severity>=WARNING AND jsonPayload.kind=("request" OR "event" OR "firing")',
    metricDescriptor: {
      metricKind: 'DELTA',
      valueType: 'INT64',
      unit: '1',
      labels: [{ key: 'kind', valueType: 'STRING', description: 'request, event or firing' }],
    },
    labelExtractors: { kind: 'EXTRACT(jsonPayload.kind)' },
  },
};

const FROM_LOGS: readonly Panel[] = [
  {
    title: 'Redirects that fail, from the log',
    about: LOG_METRICS.hawker_redirect_errors.description,
    unit: 'reqps',
    queries: [
      {
        expr: `sum by (outcome) (rate(logging_googleapis_com:user_hawker_redirect_errors{monitored_resource="cloud_run_revision"}[${WINDOW}]))`,
        legend: '{{outcome}}',
      },
    ],
  },
  {
    title: 'Failures by function, from the log',
    about: LOG_METRICS.hawker_failures.description,
    unit: 'cps',
    queries: [
      {
        expr: `sum by (service_name, kind) (rate(logging_googleapis_com:user_hawker_failures{monitored_resource="cloud_run_revision"}[${WINDOW}]))`,
        legend: '{{service_name}} {{kind}}',
      },
    ],
  },
];

const COLUMNS = 48;
const TILE = { width: 16, height: 14 };
/** UCUM for Grafana's names of units. */
const UNITS: Record<Panel['unit'], string> = {
  ...{ reqps: '1/s', cps: '1/s', eps: '1/s', percentunit: '10^2.%', s: 's', bytes: 'By', short: '1', bool_yes_no: '1' },
};

/** One for all: what Grafana has on its overview and on the pages of functions that measure something of their own, each chart once. */
export function cloudDashboard(): object {
  const panels = new Map<string, Panel>();
  for (const { sections, name } of PAGES)
    for (const { title, panels: those } of sections) {
      if (!ONLY_ON.includes(name) && !OWN.includes(title)) continue;
      // Its queue is Pub/Sub, whose metrics are Google's.
      for (const panel of those) if (!embedded(panel) && title !== 'Processes') panels.set(keyOf(panel), panel);
    }
  const all = [...FROM_LOGS, ...panels.values(), ...processes(JOBS), uptime(JOBS)];
  return {
    displayName: 'Hawker',
    labels: { hawker: '' },
    mosaicLayout: { columns: COLUMNS, tiles: all.map((panel, index) => tile(panel, index)) },
  };
}

const ONLY_ON = ['overview', 'coordination', 'redirects'];
const OWN = ['Bus arrivals', 'Slides', 'Migrations', 'Outbox'];
const keyOf = ({ queries }: Panel) => queries.map(({ expr }) => expr).join();
const embedded = (panel: Panel) => /\bhawker_queue_(?:depth|oldest_age)/.test(keyOf(panel));

function tile(panel: Panel, index: number): object {
  const perRow = COLUMNS / TILE.width;
  const xPos = (index % perRow) * TILE.width;
  const yPos = Math.floor(index / perRow) * TILE.height;
  return {
    ...TILE,
    ...(xPos > 0 && { xPos }),
    ...(yPos > 0 && { yPos }),
    widget: {
      title: panel.title,
      xyChart: {
        dataSets: panel.queries.map(({ expr, legend }) => ({
          plotType: panel.kind === 'stacked' ? 'STACKED_AREA' : 'LINE',
          legendTemplate: legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => filledIn(label)),
          timeSeriesQuery: {
            prometheusQuery: withoutRecords(expr).replaceAll(WINDOW, filledIn('__interval')),
            unitOverride: UNITS[panel.unit],
          },
        })),
        yAxis: { scale: 'LINEAR' },
      },
    },
  };
}

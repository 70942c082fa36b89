/** Rules and configurations of Prometheus. */
import type { Alert } from './alert.ts';
import { ALERTS, runbookOf } from './alerts.ts';
import { RECORDED, withoutRecords } from './recorded.ts';

/** `inlined`: with nothing recorded, as Cloud Monitoring asks; the same tests must hold for both. */
export function rules(runbooks: string, inlined = false): object {
  const groups = Map.groupBy(ALERTS, ({ group }) => group);
  return {
    groups: [
      ...(inlined
        ? []
        : [
            { name: 'hawker-recorded', interval: '30s', rules: RECORDED.map(({ record, expr }) => ({ record, expr })) },
          ]),
      ...[...groups].map(([name, alerts]) => ({
        name: `hawker-${name}`,
        interval: '30s',
        rules: alerts.map((alert) => rule(alert, runbooks, inlined)),
      })),
    ],
  };
}

function rule(alert: Alert, runbooks: string, inlined: boolean): object {
  const { name, expr, forMinutes, severity, summary, about, value } = alert;
  return {
    alert: name,
    expr: inlined ? withoutRecords(expr) : expr,
    ...(forMinutes > 0 && { for: `${forMinutes}m` }),
    labels: { severity },
    annotations: { summary, description: `${about} Now: ${value}.`, runbook_url: runbookOf(alert, runbooks) },
  };
}

const GLOBAL = { scrape_interval: '15s', evaluation_interval: '30s' };
const RULE_FILES = ['rules.yaml'];

/** For a Prometheus that the collector writes to. */
export const PUSHED = { global: GLOBAL, rule_files: RULE_FILES, scrape_configs: [] };

/** For one that asks a process on the same machine; `HAWKER_OPS_PORT` says where. */
export const SCRAPED = {
  global: GLOBAL,
  rule_files: RULE_FILES,
  scrape_configs: [{ job_name: 'hawker/hawker', static_configs: [{ targets: ['localhost:9464'] }] }],
};

const POD = '__meta_kubernetes_pod';
const SCRAPE = `${POD}_annotation_prometheus_io`;

/** For one in the cluster: pods that say so by the usual annotations. */
export const KUBERNETES = {
  global: GLOBAL,
  rule_files: RULE_FILES,
  scrape_configs: [
    {
      job_name: 'hawker',
      kubernetes_sd_configs: [{ role: 'pod' }],
      relabel_configs: [
        { source_labels: [`${POD}_label_app_kubernetes_io_part_of`], regex: 'hawker', action: 'keep' },
        { source_labels: [`${SCRAPE}_scrape`], regex: 'true', action: 'keep' },
        // One target for each port that a container declares; the annotation's is the one that is meant.
        {
          source_labels: [`${POD}_ip`, `${SCRAPE}_port`],
          regex: '([^;]+);(\\d+)',
          replacement: '$1:$2',
          target_label: '__address__',
        },
        { source_labels: [`${SCRAPE}_path`], regex: '(.+)', target_label: '__metrics_path__' },
        {
          source_labels: [`${POD}_label_app_kubernetes_io_name`],
          replacement: 'hawker/$1',
          target_label: 'job',
        },
        { source_labels: ['__meta_kubernetes_namespace'], target_label: 'namespace' },
        { source_labels: [`${POD}_name`], target_label: 'pod' },
      ],
    },
  ],
};

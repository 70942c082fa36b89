/** All files that are made from the table of metrics and the manifest, by their path below files/. */
import { stringify } from 'yaml';
import { cloudDashboard, LOG_METRICS, policies } from './cloud-monitoring.ts';
import { GOOGLE_COLLECTOR, JAEGER_COLLECTOR, LOCAL_COLLECTOR } from './collector.ts';
import { DASHBOARD_PROVIDER, DATA_SOURCES } from './data-sources.ts';
import { dashboard } from './grafana.ts';
import { jsonText } from './json-text.ts';
import { PAGES } from './pages.ts';
import { KUBERNETES, PUSHED, rules, SCRAPED } from './prometheus-files.ts';
import { COMPOSE, LOKI, TEMPO } from './stack.ts';

/** Where runbooks are looked for unless somebody says: this project's own, from its root. */
export const RUNBOOKS = 'scripts/observability/runbooks.md';

const HEAD = '# Made by `npm run observe -- files`: change what it is made from instead (scripts/observability/).\n';

/** `runbooks`: the address of runbooks.md, to which alerts add their section. */
export function makeFiles(runbooks = RUNBOOKS): Map<string, string> {
  return new Map([
    ['compose.yaml', yaml(COMPOSE)],
    ['loki.yaml', yaml(LOKI)],
    ['tempo.yaml', yaml(TEMPO)],
    ['collector/local.yaml', yaml(LOCAL_COLLECTOR)],
    ['collector/jaeger.yaml', yaml(JAEGER_COLLECTOR)],
    ['collector/google.yaml', yaml(GOOGLE_COLLECTOR)],
    ['prometheus/rules.yaml', yaml(rules(runbooks))],
    ['prometheus/pushed.yaml', yaml(PUSHED)],
    ['prometheus/scraped.yaml', yaml(SCRAPED)],
    ['prometheus/kubernetes.yaml', yaml(KUBERNETES)],
    ['grafana/provisioning/datasources/hawker.yaml', yaml(DATA_SOURCES)],
    ['grafana/provisioning/dashboards/hawker.yaml', yaml(DASHBOARD_PROVIDER)],
    ...PAGES.map((page) => [`grafana/dashboards/${page.name}.json`, jsonText(dashboard(page))] as const),
    ['google/dashboard.json', jsonText(cloudDashboard())],
    ...policies(runbooks).map(({ name, made }) => [`google/policies/${name}.json`, jsonText(made)] as const),
    ...Object.entries(LOG_METRICS).map(
      ([name, metric]) => [`google/log-metrics/${name}.json`, jsonText(metric)] as const,
    ),
  ]);
}

function yaml(value: unknown): string {
  return HEAD + stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** Every expression of PromQL in what was made, and in the runbooks. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export interface Asked {
  /** File and place. */
  where: string;
  expr: string;
  /** What its lines are called, where it is a chart's. */
  legend?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: files of others' formats, whose form their own tests check
type Any = any;

export const RUNBOOKS = readFileSync(join(import.meta.dirname, '..', 'runbooks.md'), 'utf8');

export function askedIn(files: ReadonlyMap<string, string>): Asked[] {
  return [...[...files].flatMap(([path, text]) => inFile(path, text)), ...inRunbooks()];
}

function inFile(path: string, text: string): Asked[] {
  if (path === 'prometheus/rules.yaml')
    return (parse(text) as Any).groups.flatMap(({ rules }: Any) =>
      rules.map((rule: Any) => ({ where: `${path}: ${rule.record ?? rule.alert}`, expr: rule.expr })),
    );
  if (path.startsWith('grafana/provisioning/datasources/'))
    return (parse(text) as Any).datasources.flatMap(({ jsonData }: Any) =>
      (jsonData.tracesToMetrics?.queries ?? []).map(({ name, query }: Any) => ({
        where: `${path}: ${name}`,
        expr: query,
      })),
    );
  if (path.startsWith('grafana/dashboards/'))
    return (JSON.parse(text) as Any).panels
      .filter(({ type }: Any) => type === 'timeseries' || type === 'stat')
      .flatMap(({ title, targets }: Any) =>
        targets.map(({ expr, legendFormat }: Any) => ({ where: `${path}: ${title}`, expr, legend: legendFormat })),
      );
  if (path === 'google/dashboard.json')
    return (JSON.parse(text) as Any).mosaicLayout.tiles.flatMap(({ widget }: Any) =>
      widget.xyChart.dataSets.map(({ timeSeriesQuery, legendTemplate }: Any) => ({
        where: `${path}: ${widget.title}`,
        expr: timeSeriesQuery.prometheusQuery,
        legend: legendTemplate.replaceAll(/\$\{(\w+)\}/g, '{{$1}}'),
      })),
    );
  if (path.startsWith('google/policies/'))
    return (JSON.parse(text) as Any).conditions.map((condition: Any) => ({
      where: path,
      expr: condition.conditionPrometheusQueryLanguage.query,
    }));
  return [];
}

function inRunbooks(): Asked[] {
  return [...RUNBOOKS.matchAll(/```promql\n([\s\S]*?)\n```/g)].map(([, expr = '']) => ({ where: 'runbooks.md', expr }));
}

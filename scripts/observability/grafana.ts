/** Dashboards of Grafana 11 and later: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */
import { JOBS } from './alerts-processes.ts';
import type { Page } from './pages.ts';
import type { Panel } from './panel.ts';
import { filledIn } from './placeholders.ts';
import { seriesName } from './promql.ts';

const SCHEMA_VERSION = 39;
const COLUMNS = 24;
/** Grid units of width and height of a chart, and of a single figure. */
const CHART = { w: 8, h: 8 };
const STAT = { w: 4, h: 4 };

const PROMETHEUS = { type: 'prometheus', uid: filledIn('prometheus') };
const LOKI = { type: 'loki', uid: filledIn('loki') };
const TEMPO = { type: 'tempo', uid: filledIn('tempo') };

const uidOf = (name: string) => `hawker-${name}`;

export function dashboard(page: Page): object {
  return {
    uid: uidOf(page.name),
    title: page.title,
    description: page.about,
    tags: ['hawker'],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    timezone: 'browser',
    links: [
      { type: 'dashboards', title: 'Hawker', tags: ['hawker'], asDropdown: true, keepTime: true, includeVars: true },
    ],
    templating: { list: [...SOURCES.map(sourceVariable), jobVariable(page)] },
    annotations: { list: [] },
    panels: placed(page),
  };
}

const SOURCES = ['prometheus', 'loki', 'tempo'] as const;

function sourceVariable(type: (typeof SOURCES)[number]): object {
  return {
    name: type,
    label: type[0]?.toUpperCase() + type.slice(1),
    type: 'datasource',
    query: type,
    current: {},
    hide: 0,
  };
}

/** Which processes: on a function's page its own, and those that run all functions. */
function jobVariable({ of }: Page): object {
  const all = of === undefined ? JOBS : `hawker/(hawker|${of})`;
  const query = `label_values(${seriesName('process.uptime')}{job=~"${all}"}, job)`;
  return {
    name: 'job',
    label: 'Process',
    type: 'query',
    datasource: PROMETHEUS,
    definition: query,
    query: { query, refId: 'job' },
    refresh: 2,
    includeAll: true,
    multi: true,
    allValue: all,
    current: { text: 'All', value: '$__all' },
  };
}

interface Place {
  x: number;
  y: number;
  w: number;
  h: number;
}

function placed(page: Page): object[] {
  const panels: object[] = [];
  let id = 0;
  let y = 0;
  const row = (title: string) =>
    panels.push({
      id: ++id,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y: y++, w: COLUMNS, h: 1 },
    });
  for (const { title, panels: those } of page.sections) {
    row(title);
    let x = 0;
    let lowest = y;
    for (const panel of those) {
      const { w, h } = panel.kind === 'stat' ? STAT : CHART;
      if (x + w > COLUMNS) {
        x = 0;
        y = lowest;
      }
      panels.push(panel.kind === 'stat' ? stat(panel, ++id, { x, y, w, h }) : chart(panel, ++id, { x, y, w, h }));
      x += w;
      lowest = Math.max(lowest, y + h);
    }
    y = lowest;
  }
  row('Logs and traces');
  panels.push(logs(page, ++id, y), traces(page, ++id, y));
  return panels;
}

const targets = ({ queries, exemplars }: Panel) =>
  queries.map(({ expr, legend }, index) => ({
    refId: String.fromCodePoint(65 + index),
    expr,
    legendFormat: legend,
    ...(exemplars && { exemplar: true }),
  }));

function chart(panel: Panel, id: number, gridPos: Place): object {
  const stacking = panel.kind === 'stacked' ? { stacking: { mode: 'normal' }, fillOpacity: 30 } : { fillOpacity: 0 };
  return {
    id,
    type: 'timeseries',
    title: panel.title,
    description: panel.about,
    datasource: PROMETHEUS,
    gridPos,
    fieldConfig: {
      defaults: { unit: panel.unit, min: 0, custom: { ...stacking, showPoints: 'never' } },
      overrides: [],
    },
    targets: targets(panel),
  };
}

function stat(panel: Panel, id: number, gridPos: Place): object {
  return {
    id,
    type: 'stat',
    title: panel.title,
    description: panel.about,
    datasource: PROMETHEUS,
    gridPos,
    fieldConfig: { defaults: { unit: panel.unit, noValue: '0' }, overrides: [] },
    options: { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'value', graphMode: 'area' },
    targets: targets(panel),
  };
}

/** What the collector's file reader tells Loki of itself (collector.ts). */
export const LOG_STREAM = '{service_name="hawker"}';

function logs({ of }: Page, id: number, y: number): object {
  const expr =
    of === undefined ? `${LOG_STREAM} | json | severity=~"WARNING|ERROR"` : `${LOG_STREAM} | json | function="${of}"`;
  return {
    id,
    type: 'logs',
    title: of === undefined ? 'Warnings and errors' : 'Log',
    description: 'One line for each invocation; those with a trace lead to it.',
    datasource: LOKI,
    gridPos: { x: 0, y, w: 14, h: 12 },
    options: { showTime: true, enableLogDetails: true, sortOrder: 'Descending', wrapLogMessage: false },
    targets: [{ refId: 'A', expr, queryType: 'range' }],
  };
}

function traces({ of }: Page, id: number, y: number): object {
  const names = ['resource.service.name', 'span.faas.name', 'span.messaging.destination.subscription.name'];
  const named = of === undefined ? '' : ` && (${names.map((each) => `${each} = "${of}"`).join(' || ')})`;
  return {
    id,
    type: 'table',
    title: 'Traces',
    description: 'The recorded ones; each leads to its log, its metrics and its profile.',
    datasource: TEMPO,
    gridPos: { x: 14, y, w: 10, h: 12 },
    options: { showHeader: true },
    targets: [
      {
        refId: 'A',
        queryType: 'traceql',
        query: `{ resource.service.namespace = "hawker"${named} }`,
        limit: 50,
        tableType: 'traces',
      },
    ],
  };
}

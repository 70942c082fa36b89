/** Grafana's data sources and how one leads to the other: https://grafana.com/docs/grafana/latest/administration/provisioning/ */
import { by, rate, series } from './promql.ts';

/** 32 hexadecimal digits, by themselves or at the end of Google's longer form. */
const TRACE_OF_LINE = String.raw`"logging\.googleapis\.com/trace":"(?:projects/[^/"]+/traces/)?([0-9a-f]{32})"`;

const calls = rate(series('http.server.request.duration', {}, 'count'), '5m');
const steps = rate(series('db.client.operation.duration', {}, 'count'), '5m');

/** Dollar signs are doubled, as Grafana fills in the environment's variables: https://grafana.com/docs/grafana/latest/administration/provisioning/#use-environment-variables */
export const DATA_SOURCES = {
  apiVersion: 1,
  datasources: [
    {
      name: 'Prometheus',
      uid: 'hawker-prometheus',
      type: 'prometheus',
      access: 'proxy',
      url: 'http://prometheus:9090',
      isDefault: true,
      jsonData: {
        httpMethod: 'POST',
        timeInterval: '15s',
        exemplarTraceIdDestinations: [{ name: 'trace_id', datasourceUid: 'hawker-tempo' }],
      },
    },
    {
      name: 'Loki',
      uid: 'hawker-loki',
      type: 'loki',
      access: 'proxy',
      url: 'http://loki:3100',
      jsonData: {
        derivedFields: [
          {
            name: 'trace',
            matcherRegex: TRACE_OF_LINE,
            url: '$${__value.raw}',
            urlDisplayLabel: 'Trace',
            datasourceUid: 'hawker-tempo',
          },
        ],
      },
    },
    {
      name: 'Tempo',
      uid: 'hawker-tempo',
      type: 'tempo',
      access: 'proxy',
      url: 'http://tempo:3200',
      jsonData: {
        tracesToLogsV2: {
          datasourceUid: 'hawker-loki',
          spanStartTimeShift: '-5m',
          spanEndTimeShift: '5m',
          customQuery: true,
          query: '{service_name="hawker"} |= "$${__trace.traceId}"',
        },
        tracesToMetrics: {
          datasourceUid: 'hawker-prometheus',
          spanStartTimeShift: '-10m',
          spanEndTimeShift: '10m',
          queries: [
            { name: 'Requests', query: `sum ${by('faas.name')} (${calls})` },
            { name: 'Store', query: `sum ${by('db.operation.name')} (${steps})` },
          ],
        },
        tracesToProfiles: {
          datasourceUid: 'hawker-pyroscope',
          profileTypeId: 'wall:wall:nanoseconds:wall:nanoseconds',
          customQuery: false,
          tags: [{ key: 'service.name', value: 'service_name' }],
        },
        nodeGraph: { enabled: true },
      },
    },
    {
      name: 'Pyroscope',
      uid: 'hawker-pyroscope',
      type: 'grafana-pyroscope-datasource',
      access: 'proxy',
      url: 'http://pyroscope:4040',
      jsonData: {},
    },
  ],
};

export const DASHBOARD_PROVIDER = {
  apiVersion: 1,
  providers: [
    {
      name: 'hawker',
      folder: 'Hawker',
      type: 'file',
      allowUiUpdates: false,
      options: { path: '/etc/grafana/dashboards' },
    },
  ],
};

/** Configurations of the OpenTelemetry Collector (contrib): https://opentelemetry.io/docs/collector/configuration/ */
import { filledIn } from './placeholders.ts';

const RECEIVE = { otlp: { protocols: { http: { endpoint: '0.0.0.0:4318' }, grpc: { endpoint: '0.0.0.0:4317' } } } };
/** First in each pipeline, so that a collector that is short of memory says so to who sends. */
const PROCESS = {
  memory_limiter: { check_interval: '1s', limit_mib: 400, spike_limit_mib: 80 },
  batch: { timeout: '2s', send_batch_size: 8192 },
};
const HEALTH = { health_check: { endpoint: '0.0.0.0:13133' } };

/**
 * Lines of JSON as Hawker writes them where nobody watches a terminal: the line stays as it is, and what everybody asks for is read from it. Nothing else passes: what is
 * said to a person alone, such as the first start's admin key, stands between them in the same file.
 */
const LOG_FILES = {
  include: ['/var/log/hawker/*.log'],
  start_at: 'beginning',
  include_file_name: false,
  resource: { 'service.name': 'hawker', 'service.namespace': 'hawker' },
  operators: [
    { type: 'filter', expr: "not (body matches '^{.*}$') or body matches '[Aa]dmin [Kk]ey'" },
    {
      type: 'json_parser',
      // What only looks like JSON, or has no time and no severity, is not Hawker's.
      on_error: 'drop_quiet',
      parse_to: 'attributes',
      timestamp: { parse_from: 'attributes.time', layout_type: 'gotime', layout: '2006-01-02T15:04:05.999Z07:00' },
      severity: { parse_from: 'attributes.severity', mapping: { warn: 'WARNING' } },
    },
    {
      type: 'regex_parser',
      if: "attributes['logging.googleapis.com/trace'] != nil",
      parse_from: "attributes['logging.googleapis.com/trace']",
      regex: '(?P<trace_id>[0-9a-f]{32})$',
      parse_to: 'attributes',
    },
    {
      type: 'trace_parser',
      if: "attributes.trace_id != nil and attributes['logging.googleapis.com/spanId'] != nil",
      trace_id: { parse_from: 'attributes.trace_id' },
      span_id: { parse_from: "attributes['logging.googleapis.com/spanId']" },
    },
    // The line has it all; a second time it would only be paid for.
    { type: 'retain', fields: ['attributes.function'] },
  ],
};

export const LOCAL_COLLECTOR = {
  extensions: HEALTH,
  receivers: { ...RECEIVE, filelog: LOG_FILES },
  processors: PROCESS,
  exporters: {
    'otlphttp/tempo': { endpoint: 'http://tempo:4318' },
    'otlphttp/loki': { endpoint: 'http://loki:3100/otlp' },
    prometheusremotewrite: { endpoint: 'http://prometheus:9090/api/v1/write' },
  },
  service: {
    extensions: ['health_check'],
    pipelines: {
      traces: { receivers: ['otlp'], processors: ['memory_limiter', 'batch'], exporters: ['otlphttp/tempo'] },
      metrics: { receivers: ['otlp'], processors: ['memory_limiter', 'batch'], exporters: ['prometheusremotewrite'] },
      logs: { receivers: ['filelog'], processors: ['memory_limiter', 'batch'], exporters: ['otlphttp/loki'] },
    },
  },
};

/** Without Tempo and Loki: Jaeger takes traces, and Prometheus asks the collector for metrics. */
export const JAEGER_COLLECTOR = {
  extensions: HEALTH,
  receivers: RECEIVE,
  processors: PROCESS,
  exporters: {
    'otlphttp/jaeger': { endpoint: 'http://jaeger:4318' },
    prometheus: { endpoint: '0.0.0.0:8889', enable_open_metrics: true },
  },
  service: {
    extensions: ['health_check'],
    pipelines: {
      traces: { receivers: ['otlp'], processors: ['memory_limiter', 'batch'], exporters: ['otlphttp/jaeger'] },
      metrics: { receivers: ['otlp'], processors: ['memory_limiter', 'batch'], exporters: ['prometheus'] },
    },
  },
};

const PROJECT = filledIn('env:GOOGLE_CLOUD_PROJECT');

/**
 * For a cluster or a machine of one's own beside Google Cloud. Metrics go by the exporter that names them as Prometheus does, which alerts and dashboards ask for;
 * logs are taken from the containers' output by the platform.
 */
export const GOOGLE_COLLECTOR = {
  extensions: { ...HEALTH, googleclientauth: { project: PROJECT } },
  receivers: RECEIVE,
  processors: {
    ...PROCESS,
    resourcedetection: { detectors: ['gcp', 'env'], timeout: '5s', override: false },
    resource: { attributes: [{ key: 'gcp.project_id', value: PROJECT, action: 'upsert' }] },
  },
  exporters: {
    'otlphttp/google': { endpoint: 'https://telemetry.googleapis.com', auth: { authenticator: 'googleclientauth' } },
    googlemanagedprometheus: { project: PROJECT },
  },
  service: {
    extensions: ['health_check', 'googleclientauth'],
    pipelines: {
      traces: {
        receivers: ['otlp'],
        processors: ['memory_limiter', 'resourcedetection', 'resource', 'batch'],
        exporters: ['otlphttp/google'],
      },
      metrics: {
        receivers: ['otlp'],
        processors: ['memory_limiter', 'resourcedetection', 'resource', 'batch'],
        exporters: ['googlemanagedprometheus'],
      },
    },
  },
};

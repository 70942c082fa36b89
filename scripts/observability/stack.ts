/** Everything on one machine, to look at Hawker with: for development, as nothing in it asks who one is. */
import { filledIn } from './placeholders.ts';

/** Versions that were current when this was written; `docker compose` takes no others. */
const IMAGES = {
  collector: 'otel/opentelemetry-collector-contrib:0.137.0',
  grafana: 'grafana/grafana:12.2.0',
  loki: 'grafana/loki:3.5.5',
  prometheus: 'prom/prometheus:v3.5.0',
  pyroscope: 'grafana/pyroscope:1.14.0',
  tempo: 'grafana/tempo:2.8.2',
};

/** Nobody but this machine. */
const onLoopback = (...ports: number[]) => ports.map((port) => `127.0.0.1:${port}:${port}`);

export const COMPOSE = {
  name: 'hawker-observability',
  services: {
    collector: {
      image: IMAGES.collector,
      command: ['--config=/etc/collector.yaml'],
      // Where the lines of the log are: `LOGS=/where/they/are docker compose up`.
      volumes: ['./collector/local.yaml:/etc/collector.yaml:ro', `${filledIn('LOGS:-./logs')}:/var/log/hawker:ro`],
      ports: onLoopback(4317, 4318),
      depends_on: ['tempo', 'loki', 'prometheus'],
    },
    prometheus: {
      image: IMAGES.prometheus,
      command: [
        '--config.file=/etc/prometheus/pushed.yaml',
        '--web.enable-remote-write-receiver',
        '--enable-feature=exemplar-storage',
        '--storage.tsdb.retention.time=15d',
      ],
      volumes: ['./prometheus:/etc/prometheus:ro', 'prometheus:/prometheus'],
      ports: onLoopback(9090),
    },
    tempo: {
      image: IMAGES.tempo,
      command: ['-config.file=/etc/tempo.yaml'],
      volumes: ['./tempo.yaml:/etc/tempo.yaml:ro', 'tempo:/var/tempo'],
      ports: onLoopback(3200),
    },
    loki: {
      image: IMAGES.loki,
      command: ['-config.file=/etc/loki.yaml'],
      volumes: ['./loki.yaml:/etc/loki.yaml:ro', 'loki:/loki'],
      ports: onLoopback(3100),
    },
    pyroscope: { image: IMAGES.pyroscope, volumes: ['pyroscope:/data'], ports: onLoopback(4040) },
    grafana: {
      image: IMAGES.grafana,
      environment: {
        GF_AUTH_ANONYMOUS_ENABLED: 'true',
        GF_AUTH_ANONYMOUS_ORG_ROLE: 'Admin',
        GF_AUTH_DISABLE_LOGIN_FORM: 'true',
        GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: '/etc/grafana/dashboards/overview.json',
        GF_ANALYTICS_REPORTING_ENABLED: 'false',
        GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
      },
      volumes: [
        './grafana/provisioning:/etc/grafana/provisioning:ro',
        './grafana/dashboards:/etc/grafana/dashboards:ro',
        'grafana:/var/lib/grafana',
      ],
      ports: onLoopback(3000),
      depends_on: ['prometheus', 'loki', 'tempo', 'pyroscope'],
    },
  },
  volumes: { grafana: {}, loki: {}, prometheus: {}, pyroscope: {}, tempo: {} },
};

export const TEMPO = {
  server: { http_listen_port: 3200 },
  distributor: { receivers: { otlp: { protocols: { http: { endpoint: '0.0.0.0:4318' } } } } },
  compactor: { compaction: { block_retention: '168h' } },
  storage: { trace: { backend: 'local', wal: { path: '/var/tempo/wal' }, local: { path: '/var/tempo/blocks' } } },
};

export const LOKI = {
  auth_enabled: false,
  server: { http_listen_port: 3100 },
  common: {
    path_prefix: '/loki',
    replication_factor: 1,
    ring: { instance_addr: '127.0.0.1', kvstore: { store: 'inmemory' } },
    storage: { filesystem: { chunks_directory: '/loki/chunks', rules_directory: '/loki/rules' } },
  },
  schema_config: {
    configs: [
      {
        from: '2026-01-01',
        store: 'tsdb',
        object_store: 'filesystem',
        schema: 'v13',
        index: { prefix: 'index_', period: '24h' },
      },
    ],
  },
  limits_config: { allow_structured_metadata: true, retention_period: '168h' },
  compactor: { working_directory: '/loki/compactor', retention_enabled: true, delete_request_store: 'filesystem' },
};

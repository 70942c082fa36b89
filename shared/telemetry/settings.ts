/** The settings of logs, traces, metrics and profiles. */
import {
  collectorAddress,
  headerList,
  oneOf,
  optional,
  otlpAddress,
  resourceAttributes,
  setting,
  traceAddress,
  trueOrFalse,
  wholeNumber,
} from '../setting-readers.ts';

export const TELEMETRY_SETTINGS = {
  HAWKER_LOG_LEVEL: setting({
    about: 'Lines below this severity are not written: `debug`, `info`, `warning` or `error`',
    fallback: 'info',
    read: oneOf(['debug', 'info', 'warning', 'error'], 'info'),
  }),
  HAWKER_LOG_RATE: setting({
    about:
      'How many ordinary invocations of one kind are logged in a second; failures and those of a second or longer always are',
    fallback: '10',
    read: wholeNumber(0, 1_000_000, 10),
  }),
  HAWKER_DEBUG_KEY: setting({
    about:
      'Signs the header X-Hawker-Debug, which has one request logged in detail and traced (`npm run observe -- debug-header`); without it the header does nothing',
    secret: true,
    read: optional(/^[\x21-\x7e]{32,256}$/, '32 to 256 visible ASCII characters'),
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: setting({
    about:
      'Where traces and metrics are sent by OTLP over HTTP, such as `http://localhost:4318`; `https://telemetry.googleapis.com` takes them in the name of the own service account. Without it nothing is sent',
    read: (text) => (text === undefined ? undefined : otlpAddress(text)),
  }),
  OTEL_EXPORTER_OTLP_HEADERS: setting({
    about: 'Headers for that address, such as `authorization=Basic%20...`, values percent-encoded',
    secret: true,
    read: headerList,
  }),
  OTEL_RESOURCE_ATTRIBUTES: setting({
    about:
      'More of what traces and metrics say about where they come from, such as `deployment.environment.name=production,cloud.region=asia-southeast1`; Google takes no metrics without the region',
    read: resourceAttributes,
  }),
  OTEL_SDK_DISABLED: setting({
    about: '`true` sends no traces and no metrics, whatever address is set; what is asked for at HAWKER_OPS_PORT stays',
    fallback: 'false',
    read: trueOrFalse,
  }),
  HAWKER_TRACE_RATE: setting({
    about:
      'How many traces of requests are recorded in a second, a caller’s own among them, since anybody may ask for that; what follows from a recorded one always is',
    fallback: '10',
    read: wholeNumber(0, 10_000, 10),
  }),
  HAWKER_TRACE_URL: setting({
    about:
      'Where a trace can be looked at, with {traceId} in it; the console links to it, such as `https://jaeger.example/trace/{traceId}`',
    read: (text) => (text === undefined ? undefined : traceAddress(text)),
  }),
  HAWKER_OPS_PORT: setting({
    about:
      'A second port for whoever operates this: `/metrics` for Prometheus, `/healthz`, `/readyz`, and profiles for admins; 0 takes a free one, without it there is none',
    read: (text) => (text === undefined ? undefined : wholeNumber(0, 65535, 0)(text)),
  }),
  PYROSCOPE_SERVER_ADDRESS: setting({
    about:
      'Where CPU and heap profiles are pushed to all the time: a Pyroscope server; `--profile` alone means http://localhost:4040',
    read: (text) => (text === undefined ? undefined : collectorAddress(text)),
  }),
  PYROSCOPE_BASIC_AUTH_USER: setting({ about: 'User at the Pyroscope server', read: (text) => text }),
  PYROSCOPE_BASIC_AUTH_PASSWORD: setting({
    about: 'Password at the Pyroscope server',
    secret: true,
    read: (text) => text,
  }),
} as const;

interface Unheeded {
  /** The value that asks for what Hawker does anyway. */
  means?: string;
  instead: string;
}

const ONE_ADDRESS = 'traces and metrics go to OTEL_EXPORTER_OTLP_ENDPOINT, by the paths that OTLP has for them';
const RATE = 'HAWKER_TRACE_RATE says how many traces are recorded';
const BY_ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT has traces and metrics sent, and OTEL_SDK_DISABLED=true has not';

/** What of OpenTelemetry's variables people set elsewhere: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ */
export const UNHEEDED: Readonly<Record<string, Unheeded>> = {
  OTEL_SERVICE_NAME: {
    instead: 'a service is called as its function is; OTEL_RESOURCE_ATTRIBUTES says more of where it runs',
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: { means: 'http/protobuf', instead: 'it is always http/protobuf' },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: { instead: ONE_ADDRESS },
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: { instead: ONE_ADDRESS },
  OTEL_TRACES_SAMPLER: { instead: RATE },
  OTEL_TRACES_SAMPLER_ARG: { instead: RATE },
  OTEL_TRACES_EXPORTER: { means: 'otlp', instead: BY_ENDPOINT },
  OTEL_METRICS_EXPORTER: {
    means: 'otlp',
    instead: `${BY_ENDPOINT}; for Prometheus, there is HAWKER_OPS_PORT`,
  },
  OTEL_LOGS_EXPORTER: { means: 'none', instead: 'the log goes to standard output, from where a collector may take it' },
};

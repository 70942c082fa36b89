/** Where traces and metrics go, as OTEL_EXPORTER_OTLP_ENDPOINT says: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request */
import type { Config } from '../config.ts';

export type Signal = 'traces' | 'metrics';

export type CollectorSettings = Pick<
  Config,
  'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_EXPORTER_OTLP_HEADERS' | 'GOOGLE_APIS_ROOT_URL' | 'GOOGLE_CLOUD_PROJECT'
>;

export interface Collector {
  /** Whether it is Google's own, which wants to know who sends, and where from, and keeps names as they come. */
  google: boolean;
  /** Whether requests are made in the name of this service's account. Whoever gives a token of their own is not given another. */
  byAccount: boolean;
  addressOf(signal: Signal): string;
}

const GOOGLE = 'https://telemetry.googleapis.com';

export function collectorOf({
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint = '',
  OTEL_EXPORTER_OTLP_HEADERS: own,
  GOOGLE_APIS_ROOT_URL: root,
}: CollectorSettings): Collector {
  const google = URL.canParse(endpoint) && new URL(endpoint).origin === GOOGLE;
  const byAccount = google && own['authorization'] === undefined;
  const base = byAccount ? (root?.replace(/\/+$/, '') ?? GOOGLE) : endpoint;
  return { google, byAccount, addressOf: (signal) => `${base}/v1/${signal}` };
}

/** Where a trace can be looked at. */
import type { Config } from '#shared/config.ts';

type Settings = Pick<Config, 'HAWKER_TRACE_URL' | 'OTEL_EXPORTER_OTLP_ENDPOINT' | 'GOOGLE_CLOUD_PROJECT'>;

const GOOGLE = 'telemetry.googleapis.com';

/** Undefined where nothing says so: then the id is what to search for. Only a trace that is recorded can be looked at. */
export function traceLink(config: Settings, traceId: string): string | undefined {
  const { HAWKER_TRACE_URL: url, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, GOOGLE_CLOUD_PROJECT: project } = config;
  if (url !== undefined) return url.replaceAll('{traceId}', traceId);
  if (project === undefined || endpoint === undefined || URL.parse(endpoint)?.hostname !== GOOGLE) return undefined;
  return `https://console.cloud.google.com/traces/explorer;traceId=${traceId}?project=${encodeURIComponent(project)}`;
}

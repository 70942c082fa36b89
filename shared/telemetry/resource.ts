/** Who it is that measures, traces and tells: https://opentelemetry.io/docs/specs/semconv/resource/ */
import type { Config } from '../config.ts';
import { VERSION } from './version.ts';

/** `name` is the function's, or `hawker` where one process serves all. */
export function resourceOf(
  config: Pick<Config, 'service' | 'OTEL_RESOURCE_ATTRIBUTES'>,
  name: string,
): Record<string, string> {
  const { service, OTEL_RESOURCE_ATTRIBUTES: own } = config;
  return {
    'service.name': name,
    'service.namespace': 'hawker',
    'service.version': VERSION,
    ...(service && {
      'cloud.provider': 'gcp',
      'cloud.platform': 'gcp_cloud_run',
      'faas.name': service.name,
      'faas.version': service.revision,
    }),
    ...own,
  };
}

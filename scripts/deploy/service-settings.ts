/** What each function is told by its variables in the cloud, beside its secrets. */
import type { FunctionRow } from '#shared/define.ts';
import { connects } from './databases.ts';
import { emailOf, hostOf, PUSH, SCHEDULER, secretName, urlOf } from './names.ts';
import type { DeployOptions } from './options.ts';
import { reads } from './telemetry.ts';

/** What the load balancer puts the visitor's country in: https://cloud.google.com/load-balancing/docs/https/custom-headers */
export const COUNTRY_HEADER = 'X-Client-Region';

/** Cloud Run's front end, and what a load balancer of Google's adds of its own: https://cloud.google.com/load-balancing/docs/https#x-forwarded-for_header */
const FRONT_END = '169.254.0.0/16';
const BALANCER = ['35.191.0.0/16', '130.211.0.0/22'];

/** Variables of a function, settings of the file last; those it does not read are not in it. */
export function settingsOf(row: FunctionRow, options: DeployOptions): Record<string, string> {
  const { project, region, bucket, loadBalancer, address, databases, settings } = options;
  const url = urlOf(row.name, options);
  const balanced = loadBalancer && row.name === 'redirects';
  const own = { ...settings['*'], ...settings[row.name] };
  const derived: Record<string, string | undefined> = {
    HAWKER_PUSH_AUDIENCE: url,
    HAWKER_PUSH_EMAIL: emailOf(row.callers === 'scheduler' ? SCHEDULER : PUSH, options),
    HAWKER_ADMIN_AUDIENCE: own['HAWKER_ADMIN_EMAILS'] && url,
    HAWKER_CONSOLE_HOSTS: hostOf(row.name, options),
    HAWKER_LEASES: 'store',
    HAWKER_BUCKET: bucket,
    HAWKER_PUBLIC_URL: urlOf('slides-images', options),
    HAWKER_TRUSTED_PROXIES: [FRONT_END, ...(balanced ? [...BALANCER, address ?? 'LOAD_BALANCER_ADDRESS'] : [])].join(
      ',',
    ),
    HAWKER_COUNTRY_HEADER: balanced ? COUNTRY_HEADER : undefined,
    HAWKER_DATABASES: databases?.path,
    OTEL_RESOURCE_ATTRIBUTES: own['OTEL_EXPORTER_OTLP_ENDPOINT'] && `cloud.region=${region}`,
  };
  const read = Object.entries({ ...derived, ...own }).filter(
    ([name, value]) => value !== undefined && reads(row, name),
  );
  return {
    HAWKER_STORE: 'firestore',
    HAWKER_QUEUE: 'pubsub',
    GOOGLE_CLOUD_PROJECT: project,
    ...(Object.fromEntries(read) as Record<string, string>),
  };
}

/** Variables that come from Secret Manager, by their names. */
export function secretsOf(row: FunctionRow, { databases, secrets = [] }: DeployOptions): Record<string, string> {
  const names = [...row.secrets, ...secrets, ...(databases && connects(row) ? databases.variables : [])];
  return Object.fromEntries(names.map((name) => [name, secretName(name)]));
}

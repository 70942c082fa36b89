/** Settings of which each is well as it is, and which cannot be meant together. */
import type { Config } from './config.ts';

/** Each names the settings and the rule, and no value that may be a secret. */
export function* contradictions(config: Config): Generator<string> {
  const needsProject = [
    config.HAWKER_STORE === 'firestore' && 'HAWKER_STORE=firestore',
    config.HAWKER_QUEUE === 'pubsub' && 'HAWKER_QUEUE=pubsub',
  ];
  if (config.HAWKER_LEASES === 'kubernetes' && !config.kubernetes)
    yield 'HAWKER_LEASES=kubernetes is for pods: KUBERNETES_SERVICE_HOST is not set';
  const wanting = needsProject.filter(Boolean).join(' and ');
  if (wanting && !config.GOOGLE_CLOUD_PROJECT) yield `GOOGLE_CLOUD_PROJECT is needed with ${wanting}`;
  if (Boolean(config.HAWKER_PUSH_AUDIENCE) !== Boolean(config.HAWKER_PUSH_EMAIL))
    yield 'HAWKER_PUSH_AUDIENCE and HAWKER_PUSH_EMAIL go together';
  if (Boolean(config.HAWKER_ADMIN_AUDIENCE) !== config.HAWKER_ADMIN_EMAILS.length > 0)
    yield 'HAWKER_ADMIN_AUDIENCE and HAWKER_ADMIN_EMAILS go together';
  if (config.PORT !== 0 && config.HAWKER_OPS_PORT === config.PORT)
    yield `PORT and HAWKER_OPS_PORT must be two ports (both are ${config.PORT})`;
  if (Object.keys(config.OTEL_EXPORTER_OTLP_HEADERS).length > 0 && !config.OTEL_EXPORTER_OTLP_ENDPOINT)
    yield 'OTEL_EXPORTER_OTLP_HEADERS is for the address in OTEL_EXPORTER_OTLP_ENDPOINT, which is not set';
  const { PYROSCOPE_BASIC_AUTH_USER: user, PYROSCOPE_BASIC_AUTH_PASSWORD: password } = config;
  if (Boolean(user) !== Boolean(password))
    yield 'PYROSCOPE_BASIC_AUTH_USER and PYROSCOPE_BASIC_AUTH_PASSWORD go together';
  if ((user || password) && !config.PYROSCOPE_SERVER_ADDRESS)
    yield 'PYROSCOPE_BASIC_AUTH_USER and PYROSCOPE_BASIC_AUTH_PASSWORD are for the address in PYROSCOPE_SERVER_ADDRESS, which is not set';
}

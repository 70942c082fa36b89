/** How the fake's things look: from the flags of gcloud that make or change one to what `describe` answers, as far as a plan reads it. */
import { at } from './answer.ts';
import type { Json } from './resource.ts';

export type Flags = Readonly<Record<string, string>>;
export type Thing = { [name: string]: Json };

/** `found` is what was there before, for a change. */
export type Shape = (name: string, flags: Flags, found: Thing) => Thing;

/** Values of a flag that takes pairs, with gcloud's own delimiters. */
export function pairsOf(text = ''): Record<string, string> {
  const [, delimiter = ',', rest = ''] = /^\^(.)\^([\s\S]*)$/.exec(text) ?? [undefined, ',', text];
  return Object.fromEntries(
    rest
      .split(delimiter)
      .filter(Boolean)
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

const probe = (text: string | undefined): Json | undefined => {
  if (text === undefined || text === '') return undefined;
  const given = pairsOf(text);
  return given['httpGet.path']
    ? { httpGet: { path: given['httpGet.path'], port: Number(given['httpGet.port']) } }
    : { tcpSocket: { port: Number(given['tcpSocket.port']) } };
};

function container(flags: Flags): Thing {
  const secrets = Object.entries(pairsOf(flags['set-secrets'])).map(([name, at]) => {
    const [secret = '', key = ''] = at.split(':');
    return { name, valueFrom: { secretKeyRef: { name: secret, key } } };
  });
  const startup = probe(flags['startup-probe']);
  const liveness = probe(flags['liveness-probe']);
  return {
    image: flags['image'] ?? '',
    args: (flags['args'] ?? '').split(','),
    env: [...Object.entries(pairsOf(flags['set-env-vars'])).map(([name, value]) => ({ name, value })), ...secrets],
    // As Cloud Run answers: thousandths.
    resources: { limits: { cpu: `${Number(flags['cpu']) * 1_000}m`, memory: flags['memory'] ?? '' } },
    ...(startup !== undefined && { startupProbe: startup }),
    ...(liveness !== undefined && { livenessProbe: liveness }),
  };
}

const network = (flags: Flags): Thing =>
  flags['network']
    ? {
        'run.googleapis.com/network-interfaces': JSON.stringify([
          { network: flags['network'], subnetwork: flags['subnet'] ?? '' },
        ]),
      }
    : {};

/** All flags are given each time, but for the image. */
const kept = (flags: Flags, found: Thing): Flags => ({ image: String(found['image'] ?? ''), ...flags });

const service: Shape = (name, given, found) => {
  const before = (at(found, 'metadata', 'annotations') ?? {}) as Thing;
  // Not among what a revision has: everything else stays as it is.
  if ('no-invoker-iam-check' in given || 'invoker-iam-check' in given) {
    const open = 'no-invoker-iam-check' in given ? 'True' : 'False';
    return {
      ...found,
      metadata: { name, annotations: { ...before, 'run.googleapis.com/invoker-iam-disabled': open } },
    };
  }
  const flags = kept(given, found);
  return {
    image: flags['image'] ?? '',
    metadata: { name, annotations: { ...before, 'run.googleapis.com/ingress': flags['ingress'] ?? 'all' } },
    spec: {
      template: {
        metadata: {
          annotations: {
            ...(flags['min-instances'] !== '0' && { 'autoscaling.knative.dev/minScale': flags['min-instances'] ?? '' }),
            'autoscaling.knative.dev/maxScale': flags['max-instances'] ?? '',
            'run.googleapis.com/execution-environment': flags['execution-environment'] ?? '',
            ...('cpu-boost' in flags && { 'run.googleapis.com/startup-cpu-boost': 'true' }),
            ...('cpu-throttling' in flags && { 'run.googleapis.com/cpu-throttling': 'true' }),
            ...network(flags),
          },
        },
        spec: {
          containerConcurrency: Number(flags['concurrency']),
          timeoutSeconds: Number(flags['timeout']),
          serviceAccountName: flags['service-account'] ?? '',
          containers: [container(flags)],
        },
      },
    },
  };
};

const job: Shape = (name, given, found) => {
  const flags = kept(given, found);
  return {
    image: flags['image'] ?? '',
    metadata: { name },
    spec: {
      template: {
        metadata: { annotations: network(flags) },
        spec: {
          template: {
            spec: {
              serviceAccountName: flags['service-account'] ?? '',
              timeoutSeconds: (flags['task-timeout'] ?? '').replace(/s$/, ''),
              maxRetries: Number(flags['max-retries']),
              containers: [container(flags)],
            },
          },
        },
      },
    },
  };
};

const subscription: Shape = (name, flags, found) => ({
  ...found,
  name,
  ...(flags['topic'] && { topic: flags['topic'] }),
  ackDeadlineSeconds: Number(flags['ack-deadline']),
  messageRetentionDuration: flags['message-retention-duration'] === '7d' ? '604800s' : '',
  expirationPolicy: flags['expiration-period'] === 'never' ? {} : { ttl: '2678400s' },
  pushConfig: flags['push-endpoint']
    ? {
        pushEndpoint: flags['push-endpoint'],
        oidcToken: {
          serviceAccountEmail: flags['push-auth-service-account'] ?? '',
          audience: flags['push-auth-token-audience'] ?? '',
        },
      }
    : {},
  ...(flags['min-retry-delay'] && {
    retryPolicy: { minimumBackoff: flags['min-retry-delay'], maximumBackoff: flags['max-retry-delay'] ?? '' },
  }),
  ...(flags['dead-letter-topic'] && {
    deadLetterPolicy: {
      deadLetterTopic: `projects/${flags['project']}/topics/${flags['dead-letter-topic']}`,
      maxDeliveryAttempts: Number(flags['max-delivery-attempts']),
    },
  }),
});

const schedule: Shape = (name, flags) => ({
  name,
  schedule: flags['schedule'] ?? '',
  timeZone: flags['time-zone'] ?? '',
  attemptDeadline: flags['attempt-deadline'] ?? '',
  httpTarget: {
    uri: flags['uri'] ?? '',
    httpMethod: flags['http-method'] ?? '',
    oidcToken: {
      serviceAccountEmail: flags['oidc-service-account-email'] ?? '',
      audience: flags['oidc-token-audience'] ?? '',
    },
  },
  retryConfig: flags['max-retry-attempts'] === '0' ? {} : { retryCount: Number(flags['max-retry-attempts']) },
});

const database: Shape = (name, flags, found) => ({
  name,
  type: 'FIRESTORE_NATIVE',
  locationId: flags['location'] ?? found['locationId'] ?? '',
  deleteProtectionState: 'delete-protection' in flags ? 'DELETE_PROTECTION_ENABLED' : 'DELETE_PROTECTION_DISABLED',
});

/** `lifecycle` stands for the file, which the fake does not read. */
const bucket: Shape = (name, flags, found) => ({
  name,
  iamConfiguration: {
    publicAccessPrevention: 'public-access-prevention' in flags ? 'enforced' : 'inherited',
    uniformBucketLevelAccess: { enabled: 'uniform-bucket-level-access' in flags },
  },
  softDeletePolicy: { retentionDurationSeconds: flags['soft-delete-duration'] ?? '604800' },
  ...('lifecycle-file' in flags
    ? { lifecycle: { rule: [{ action: { type: 'Delete' }, condition: { age: 3, matchesPrefix: ['hawker/'] } }] } }
    : 'lifecycle' in found
      ? { lifecycle: found['lifecycle'] ?? null }
      : {}),
});

const named = (name: string) => ({ name });
const api = (name: string | undefined) => `https://www.googleapis.com/compute/v1/projects/p/${name ?? ''}`;

/** By the words that come before the verb. */
export const SHAPES: Readonly<Record<string, { api: string; shape: Shape }>> = {
  'artifacts repositories': {
    api: 'artifactregistry',
    shape: (name, flags) => ({ name, format: (flags['repository-format'] ?? '').toUpperCase() }),
  },
  'artifacts docker images': { api: 'artifactregistry', shape: named },
  'iam service-accounts': {
    api: 'iam',
    shape: (email, flags, found) => ({
      email,
      disabled: false,
      ...found,
      displayName: flags['display-name'] ?? found['displayName'] ?? '',
    }),
  },
  'firestore databases': { api: 'firestore', shape: database },
  'storage buckets': { api: 'storage', shape: bucket },
  'pubsub topics': { api: 'pubsub', shape: named },
  'pubsub subscriptions': { api: 'pubsub', shape: subscription },
  secrets: { api: 'secretmanager', shape: named },
  'run services': { api: 'run', shape: service },
  'run jobs': { api: 'run', shape: job },
  'scheduler jobs': { api: 'cloudscheduler', shape: schedule },
  'beta run domain-mappings': {
    api: 'run',
    shape: (name, flags) => ({ metadata: { name }, spec: { routeName: flags['service'] ?? '' } }),
  },
  'compute addresses': { api: 'compute', shape: (name) => ({ name, address: '203.0.113.7' }) },
  'compute network-endpoint-groups': {
    api: 'compute',
    shape: (name, flags) => ({ name, cloudRun: { service: flags['cloud-run-service'] ?? '' } }),
  },
  'compute backend-services': {
    api: 'compute',
    shape: (name, flags, found) => ({ name, ...found, customRequestHeaders: [flags['custom-request-header'] ?? ''] }),
  },
  'compute url-maps': {
    api: 'compute',
    shape: (name, flags) => ({ name, defaultService: api(flags['default-service']) }),
  },
  'compute ssl-certificates': { api: 'compute', shape: named },
  'compute target-https-proxies': {
    api: 'compute',
    shape: (name, flags) => ({ name, sslCertificates: [api(flags['ssl-certificates'])] }),
  },
  'compute target-http-proxies': { api: 'compute', shape: named },
  'compute forwarding-rules': {
    api: 'compute',
    shape: (name, flags) => ({ name, target: api(flags['target-https-proxy'] ?? flags['target-http-proxy']) }),
  },
};

/** The pod of a function: who it is, what it may, what it is told, and how one sees that it lives. */
import type { FunctionRow } from '#shared/define.ts';
import { connects } from '../databases.ts';
import { secretName } from '../names.ts';
import { opsPortOf, reads } from '../telemetry.ts';
import type { Asked } from './asked.ts';
import { leaseRules } from './lease-rules.ts';
import { nameOf } from './object.ts';

export const PORT = 8080;
/** Distroless images' own `nonroot`. */
const USER = 65_532;

/** The restricted profile of the Pod Security Standards: https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export const POD_SECURITY = {
  runAsNonRoot: true,
  runAsUser: USER,
  runAsGroup: USER,
  fsGroup: USER,
  seccompProfile: { type: 'RuntimeDefault' },
};
export const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/** What is written to beside the data: by rehearsals of migrations, and by a signal where HAWKER_DIAGNOSTICS names it. */
export const TMP = { name: 'tmp', mountPath: '/tmp' };
export const TMP_VOLUME = { name: TMP.name, emptyDir: { sizeLimit: '1Gi' } };

export const accountOf = (part: string) => (part === 'hawker' ? part : nameOf('hawker', part));

export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: object;
}

/** A secret that is not there is a setting that is not set, which every one of them may be. */
const secretEnv = (setting: string): EnvVar => ({
  name: setting,
  valueFrom: { secretKeyRef: { name: secretName(setting), key: 'value', optional: true } },
});

/** Without an address there is nothing to migrate, so these have to be there. */
const addressEnv = (name: string): EnvVar => ({
  name,
  valueFrom: { secretKeyRef: { name: secretName(name), key: 'value' } },
});

/** Those of `rows`' settings that are secrets, by reference, and the addresses of databases where one of them connects to some. */
export function secretsOf(rows: readonly FunctionRow[], { databases, secrets: shared = [] }: Asked): EnvVar[] {
  const settings = [...new Set([...rows.flatMap(({ secrets }) => secrets), ...shared])].sort();
  return [
    ...settings.map(secretEnv),
    ...(rows.some(connects) ? [...(databases?.variables ?? [])].sort() : []).map(addressEnv),
  ];
}

export const plain = (values: Readonly<Record<string, string | undefined>>): EnvVar[] =>
  Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : { name, value }));

/** What the cluster decides, what was given for the function, and its secrets by reference. */
export function envOf(row: FunctionRow, asked: Asked): EnvVar[] {
  const { domain, databases, settings } = asked;
  const shared = Object.entries(settings['*'] ?? {}).filter(([name]) => reads(row, name));
  const values = {
    PORT: `${PORT}`,
    HAWKER_STORE: 'firestore',
    HAWKER_QUEUE: 'pubsub',
    GOOGLE_CLOUD_PROJECT: asked.project,
    HAWKER_LEASES: leaseRules(row, asked).length > 0 ? 'kubernetes' : undefined,
    HAWKER_BUCKET: row.blobs === 'none' ? undefined : asked.bucket,
    HAWKER_PUBLIC_URL: reads(row, 'HAWKER_PUBLIC_URL') && domain ? `https://slides-images.${domain}` : undefined,
    HAWKER_DATABASES: reads(row, 'HAWKER_DATABASES') ? databases?.path : undefined,
    ...Object.fromEntries(shared),
    ...settings[row.name],
  };
  return [...plain(values), ...secretsOf([row], asked)];
}

/** Memory is not promised beyond what there is; CPU is lent where nobody else needs it. */
export const resourcesOf = ({ memory, cpu }: Pick<FunctionRow, 'memory' | 'cpu'>) => ({
  requests: { cpu: `${Math.round(cpu * 100)}m`, memory: `${memory}Mi` },
  limits: { memory: `${memory}Mi` },
});

/** Answered with 200 by a built function that asks nobody for it; others show by their port that they run. */
export function probedPath({ name, trigger }: FunctionRow): string | undefined {
  if (name === 'redirects') return '/_healthz';
  if (name === 'bus') return '/api/lta-datamall/v1/healthz';
  return trigger.type === 'http' ? '/openapi.json' : undefined;
}

/** Those that go on answering from memory while their store is away: taken out of the traffic, they would not. */
const FROM_MEMORY: readonly string[] = ['redirects', 'bus'];

/** Where a second port is known it is asked instead of the first, which visitors may keep busy; Knative has one port alone. */
export function probesOf(row: FunctionRow, asked: Asked) {
  const path = probedPath(row);
  const port = { tcpSocket: { port: PORT } };
  const ops = asked.for === 'kubernetes' ? opsPortOf(row, asked.settings) : undefined;
  const look = path === undefined ? port : { httpGet: { path, port: PORT } };
  const ready = FROM_MEMORY.includes(row.name) ? look : { httpGet: { path: '/readyz', port: ops ?? PORT } };
  const live = ops === undefined ? port : { httpGet: { path: '/healthz', port: ops } };
  return {
    startupProbe: { ...look, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 60 },
    // Three is what Kubernetes takes by itself, and what Knative insists on being told.
    readinessProbe: { ...ready, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
    // A process is not killed for being busy, or for what it needs being away: only where nothing answers for a minute.
    livenessProbe: { ...live, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 3 },
  };
}

/** What Prometheus finds pods by, where it is set up as its Helm chart does it. */
export function scrapedBy(port: number | undefined): Record<string, string> | undefined {
  if (port === undefined) return undefined;
  return { 'prometheus.io/scrape': 'true', 'prometheus.io/port': `${port}`, 'prometheus.io/path': '/metrics' };
}

/** The ports of a container, by name. */
export const portsOf = (ops: number | undefined) => [
  { name: 'http', containerPort: PORT },
  ...(ops === undefined ? [] : [{ name: 'ops', containerPort: ops }]),
];

interface PodParts {
  /** Node.js'. */
  args: readonly string[];
  env?: readonly EnvVar[];
  /** What the kind of workload adds, or has otherwise. */
  container?: object;
  pod?: object;
}

export const programOf = ({ name }: FunctionRow) => `dist/${name}/index.js`;

export function podOf(row: FunctionRow, asked: Asked, { args, env = [], container, pod }: PodParts) {
  return {
    serviceAccountName: accountOf(row.name),
    automountServiceAccountToken: leaseRules(row, asked).length > 0,
    enableServiceLinks: false,
    securityContext: POD_SECURITY,
    ...pod,
    containers: [
      {
        name: 'function',
        image: asked.image,
        args,
        ...container,
        env: [...envOf(row, asked), ...env],
        resources: resourcesOf(row),
        securityContext: CONTAINER_SECURITY,
        volumeMounts: [TMP],
      },
    ],
    volumes: [TMP_VOLUME],
  };
}

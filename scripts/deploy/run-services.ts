/** A Cloud Run service for each function, as its row says. */
import type { FunctionRow } from '#shared/define.ts';
import { hashOf } from '../release/bundle-hash.ts';
import { at, items, text } from './answer.ts';
import { connects } from './databases.ts';
import { command, emailOf, type flags, question } from './names.ts';
import { type DeployOptions, imageOf } from './options.ts';
import type { Json, Resource } from './resource.ts';
import {
  environment,
  networkOf,
  readCpu,
  readEnvironment,
  readMemory,
  readNetwork,
  runNeeds,
  surroundings,
} from './run-flags.ts';
import { secretsOf, settingsOf } from './service-settings.ts';

/**
 * Where a function says that it is well without reading anything. Others are seen to be ready when they listen, which they do only when they have opened
 * what they need, and end when they cannot go on.
 */
const HEALTH: Readonly<Record<string, string>> = {
  redirects: '/_healthz',
  bus: '/api/lta-datamall/v1/healthz',
};

const PORT = 8080;

/** Most instances where nothing else is said: each makes its own calls to LTA DataMall, and a schedule runs once at a time. */
function mostInstances({ trigger, callers, settings }: FunctionRow): number {
  if (trigger.type === 'schedule') return 1;
  if (settings.includes('LTA_CALLS_PER_MINUTE')) return 2;
  return callers === 'admins' ? 5 : 20;
}

/** The second generation starts at 512 MiB and a whole CPU; what is smaller starts faster in the first. */
const generation = ({ cpu, memory }: FunctionRow) => (cpu >= 1 && memory >= 512 ? 'gen2' : 'gen1');

export function runServices(rows: readonly FunctionRow[], options: DeployOptions): Resource[] {
  return rows.map((row) => service(row, options));
}

function service(row: FunctionRow, options: DeployOptions): Resource {
  const { name, memory, cpu, concurrency, timeout } = row;
  const region = { region: options.region };
  const vpc = connects(row) ? options.vpc : undefined;
  const min = options.instances[name]?.min ?? 0;
  const max = options.instances[name]?.max ?? Math.max(min, mostInstances(row));
  const health = HEALTH[name];
  const ingress = options.loadBalancer && name === 'redirects' ? 'internal-and-cloud-load-balancing' : row.ingress;
  const variables = settingsOf(row, options);
  const secrets = secretsOf(row, options);
  const account = emailOf(name, options);
  const args = `dist/${name}/index.js`;
  const given: Parameters<typeof flags>[0] = {
    ...region,
    args,
    'service-account': account,
    memory: `${memory}Mi`,
    cpu,
    concurrency,
    timeout,
    ingress,
    'min-instances': min,
    'max-instances': max,
    'execution-environment': generation(row),
    'cpu-boost': true,
    // None works after its answer: redirects ends an answer when its hit is handed on, and a stream is an answer under way.
    'cpu-throttling': true,
    'startup-probe': health
      ? `httpGet.path=${health},httpGet.port=${PORT},periodSeconds=1,timeoutSeconds=1,failureThreshold=60`
      : `tcpSocket.port=${PORT},periodSeconds=1,timeoutSeconds=1,failureThreshold=60`,
    ...(health && {
      'liveness-probe': `httpGet.path=${health},httpGet.port=${PORT},periodSeconds=30,timeoutSeconds=5,failureThreshold=3`,
    }),
    ...surroundings(variables, secrets, vpc),
  };
  const image = imageOf(options);
  const label = `app=hawker,function=${name}`;
  return {
    id: `service/${name}`,
    kind: 'service',
    about: `${row.summary}. ${memory} MiB, ${cpu} CPU while it answers, ${concurrency} at a time for ${timeout} s at most, ${min} to ${max} instances, ${told(ingress)}`,
    of: [name],
    needs: runNeeds(row, options, secrets),
    describe: question(options, ['run', 'services', 'describe', name], region),
    wanted: {
      args,
      account,
      memory,
      cpu,
      concurrency,
      timeout,
      ingress,
      min,
      max,
      generation: generation(row),
      boost: true,
      throttled: true,
      startup: health ?? `${PORT}`,
      liveness: health ?? '',
      environment: environment(variables, secrets),
      network: networkOf(vpc),
      started: true,
      ...(options.tag !== undefined && { image }),
    },
    read: readService,
    create: [
      command(options, ['run', 'deploy', name], { ...given, image, labels: label, 'no-allow-unauthenticated': true }),
    ],
    update: [
      command(options, ['run', 'services', 'update', name], {
        ...given,
        ...(Object.keys(secrets).length === 0 && { 'clear-secrets': true }),
        ...(!vpc && { 'clear-network': true }),
        // Empty: none.
        ...(!health && { 'liveness-probe': '' }),
        ...(options.tag !== undefined && { image }),
      }),
    ],
    remove: [command(options, ['run', 'services', 'delete', name], region)],
    cost:
      min === 0
        ? '0 while idle'
        : `${min} idle ${min === 1 ? 'instance' : 'instances'}, about US$${idleCost(min, cpu, memory)} a month`,
  };
}

const told = (ingress: string) =>
  ({ all: 'reached by everybody', internal: "reached by the project's own services alone" })[ingress] ??
  'reached through the load balancer alone';

/** Of instances that wait with requests billed: US$0.0000025 for a vCPU or a GiB in a second (https://cloud.google.com/run/pricing). */
function idleCost(instances: number, cpu: number, memory: number): number {
  return Math.ceil(instances * (cpu + memory / 1_024) * 0.000_002_5 * 30 * 86_400);
}

function readService(answer: Json): Json {
  const template = at(answer, 'spec', 'template');
  const marks = at(template, 'metadata', 'annotations');
  const container = at(template, 'spec', 'containers', 0);
  const probe = (kind: string) =>
    text(container, kind, 'httpGet', 'path') || text(container, kind, 'tcpSocket', 'port');
  return {
    args: items(container, 'args').join(' '),
    account: text(template, 'spec', 'serviceAccountName'),
    memory: readMemory(container),
    cpu: readCpu(container),
    concurrency: at(template, 'spec', 'containerConcurrency'),
    timeout: at(template, 'spec', 'timeoutSeconds'),
    ingress: text(answer, 'metadata', 'annotations', 'run.googleapis.com/ingress'),
    min: Number(text(marks, 'autoscaling.knative.dev/minScale') || 0),
    max: Number(text(marks, 'autoscaling.knative.dev/maxScale') || 100),
    generation: text(marks, 'run.googleapis.com/execution-environment'),
    boost: text(marks, 'run.googleapis.com/startup-cpu-boost') === 'true',
    throttled: text(marks, 'run.googleapis.com/cpu-throttling') !== 'false',
    startup: probe('startupProbe'),
    liveness: probe('livenessProbe'),
    environment: readEnvironment(container),
    network: readNetwork(text(marks, 'run.googleapis.com/network-interfaces')),
    started: started(answer),
    image: text(container, 'image'),
  };
}

/** Whether its newest revision did not fail to start: it would be as wanted, and not run. A candidate that failed is its release's, and has no traffic. */
function started(answer: Json): boolean {
  if (hashOf(text(answer, 'status', 'latestCreatedRevisionName')) !== undefined) return true;
  const ready = items(answer, 'status', 'conditions').find((one) => text(one, 'type') === 'Ready');
  return text(ready ?? null, 'status') !== 'False';
}

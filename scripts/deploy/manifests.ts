/** `npm run deploy -- manifests`: the same functions for a cluster, as YAML on standard output. It asks nothing of anybody, and the same question has the same answer. */
import { stringify } from 'yaml';
import { MANIFEST } from '#functions/manifest.ts';
import type { FunctionRow } from '#shared/define.ts';
import { shown } from './gcloud.ts';
import { domainMappings, knativeService } from './knative/services.ts';
import { accounts } from './kubernetes/accounts.ts';
import type { Asked } from './kubernetes/asked.ts';
import { egressOf, ingressOf } from './kubernetes/flows.ts';
import { googleSide } from './kubernetes/google-side.ts';
import { hostsOf, ingress } from './kubernetes/ingress.ts';
import { migration } from './kubernetes/migrate.ts';
import { type KubernetesObject, selectorOf } from './kubernetes/object.ts';
import { readAsked } from './kubernetes/read-asked.ts';
import { single } from './kubernetes/single.ts';
import { allow, denyAll } from './kubernetes/traffic.ts';
import { disruptionBudget, service, workload } from './kubernetes/workloads.ts';
import { secretName } from './names.ts';

/** Answers the exit code. */
export async function run(args: string[]): Promise<number> {
  const text = manifests(readAsked(args));
  // The process ends right after, and a pipe takes less at once than there is.
  await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
  return 0;
}

export function manifests(asked: Asked): string {
  const comment = headOf(asked)
    .map((line) => `# ${line}`.trimEnd())
    .join('\n');
  // kubectl reads YAML 1.1, to which a bare `off` is a boolean. What is there twice is written twice.
  const how = { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0 } as const;
  const documents = objectsOf(asked).map((object) => stringify(object, how));
  return `${comment}\n${documents.map((document) => `---\n${document}`).join('')}`;
}

/** In the order in which they can be applied. */
export function objectsOf(asked: Asked): KubernetesObject[] {
  const rows = rowsOf(asked);
  const objects = asked.mode === 'single' ? single(rows, asked) : functions(rows, asked);
  return [namespaceOf(asked), ...objects];
}

/** Those that run there. */
export function rowsOf({ only, mode, databases }: Asked): FunctionRow[] {
  return MANIFEST.filter(
    ({ name, settings }) =>
      (only.length === 0 || only.includes(name)) &&
      (mode === 'single' || databases !== undefined || !settings.includes('HAWKER_DATABASES')),
  );
}

function functions(rows: readonly FunctionRow[], asked: Asked): KubernetesObject[] {
  return [
    ...denyAll(asked),
    ...migration(rows, asked),
    ...rows.flatMap((row) => [
      ...accounts(row, asked),
      allow(row.name, { ingress: ingressOf(row, asked), egress: egressOf(row, asked) }, asked),
      ...runs(row, asked),
    ]),
  ];
}

function runs(row: FunctionRow, asked: Asked): KubernetesObject[] {
  if (row.trigger.type !== 'http') return [workload(row, asked)];
  if (asked.for === 'knative') return [knativeService(row, asked), ...domainMappings(row, asked)];
  return [
    workload(row, asked),
    service(row.name, asked),
    ...disruptionBudget(row, asked),
    ...ingress(row.name, hostsOf(row, asked), row, asked),
  ];
}

/** What is not of the restricted profile is refused there. */
const namespaceOf = ({ namespace }: Asked): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: namespace,
    labels: {
      'app.kubernetes.io/part-of': selectorOf('')['app.kubernetes.io/part-of'],
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/warn': 'restricted',
    },
    // Before what migrates.
    annotations: { 'argocd.argoproj.io/sync-wave': '-20' },
  },
});

const seesVisitors = ({ settings }: FunctionRow) => settings.includes('HAWKER_TRUSTED_PROXIES');
const trusts = (settings: Readonly<Record<string, string>> = {}) => 'HAWKER_TRUSTED_PROXIES' in settings;

function headOf(asked: Asked): string[] {
  const rows = rowsOf(asked);
  const { mode, databases, namespace, project } = asked;
  const secrets = [...new Set([...rows.flatMap((row) => row.secrets), ...(asked.secrets ?? [])])].sort();
  const head = [
    `Hawker in the namespace ${namespace}, from functions/manifest.ts. Needs Kubernetes 1.30 or later, and a network that heeds NetworkPolicies.`,
    `Secrets are yours to make, each with the key \`value\`; these may be left out: ${secrets.map(secretName).join(', ')}.`,
    `  kubectl create namespace ${namespace}`,
    `  kubectl -n ${namespace} create secret generic hawker-admin-key --from-file=value=<file>`,
  ];
  if (databases && databases.variables.length > 0)
    head.push(
      `Databases are where these say, and these must be there: ${databases.variables.map(secretName).join(', ')}.`,
    );
  if (rows.some(seesVisitors) && !rows.some(({ name }) => trusts(asked.settings[name])) && !trusts(asked.settings['*']))
    head.push(
      'All visitors look like one until HAWKER_TRUSTED_PROXIES names the addresses of the ingress controller: "settings" in hawker.deploy.json.',
    );
  if (mode === 'single') return head;
  if (databases)
    head.push(
      `Migrations come first: kubectl apply -f - -l app.kubernetes.io/name=migrate, then kubectl -n ${namespace} wait --timeout=24h --for=condition=complete job -l app.kubernetes.io/name=migrate.`,
    );
  else head.push('No file of databases is named ("databases" in hawker.deploy.json), so what migrates is not here.');
  return [
    ...head,
    `In Google Cloud, \`npm run deploy -- apply\` makes what ${project} needs. It gives events to Cloud Run, and new schedules to Cloud Scheduler: so after each time,`,
    ...googleSide(rows, asked).map((command) => `  ${shown(command)}`),
  ];
}

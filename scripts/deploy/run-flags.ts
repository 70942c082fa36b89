/** Settings of Cloud Run as flags of gcloud and as its answers show them, for services and the job. */
import type { FunctionRow } from '#shared/define.ts';
import { accountId } from './accounts.ts';
import { at, items, text } from './answer.ts';
import { type flags, pairs } from './names.ts';
import type { DeployOptions } from './options.ts';
import { IMAGE } from './registry.ts';
import type { Json } from './resource.ts';
import { rolesOf } from './roles.ts';
import { apiId } from './services-enabled.ts';

/** Variables, secrets and the network, as flags. */
export function surroundings(
  variables: Readonly<Record<string, string>>,
  secrets: Readonly<Record<string, string>>,
  vpc: DeployOptions['vpc'],
): Parameters<typeof flags>[0] {
  const named = Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, `${secret}:latest`]));
  return {
    'set-env-vars': pairs(variables),
    ...(Object.keys(secrets).length > 0 ? { 'set-secrets': pairs(named) } : {}),
    ...(vpc && { network: vpc.network, subnet: vpc.subnet, 'vpc-egress': 'private-ranges-only' }),
  };
}

/** Which variables there are: their values, and of secrets where they are. */
export function environment(variables: Readonly<Record<string, string>>, secrets: Readonly<Record<string, string>>) {
  return JSON.stringify(
    [
      ...Object.entries(variables),
      ...Object.entries(secrets).map(([name, secret]) => [name, `secret ${secret}:latest`] as const),
    ].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

export function readEnvironment(container: Json): string {
  const found = items(container, 'env').map((one) => {
    const secret = at(one, 'valueFrom', 'secretKeyRef');
    return [
      text(one, 'name'),
      secret === null ? text(one, 'value') : `secret ${text(secret, 'name')}:${text(secret, 'key')}`,
    ] as const;
  });
  return JSON.stringify(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `1000m` and `1` are one CPU. */
export function readCpu(container: Json): number {
  const given = text(container, 'resources', 'limits', 'cpu');
  return given.endsWith('m') ? Number(given.slice(0, -1)) / 1_000 : Number(given);
}

/** In MiB. */
export function readMemory(container: Json): number {
  const [, number = '', unit = ''] = /^(\d+)(Ki|Mi|Gi)?$/.exec(text(container, 'resources', 'limits', 'memory')) ?? [];
  return Number(number) * ({ Ki: 1 / 1_024, Mi: 1, Gi: 1_024 }[unit] ?? 1 / 1_048_576);
}

/** The network that an annotation holds as JSON text. */
export function readNetwork(annotation: string): string {
  try {
    const [first] = JSON.parse(annotation || '[]') as { network?: string; subnetwork?: string }[];
    return first ? `${first.network ?? ''}/${first.subnetwork ?? ''}` : '';
  } catch {
    return '';
  }
}

export const networkOf = (vpc: DeployOptions['vpc']) => (vpc ? `${vpc.network}/${vpc.subnet}` : '');

/** What must be there before Cloud Run starts a function's code, as a service or as a job: its account with its rights, its secrets, the image. */
export function runNeeds(
  row: FunctionRow,
  options: DeployOptions,
  secrets: Readonly<Record<string, string>>,
): string[] {
  return [
    apiId('run'),
    IMAGE,
    accountId(row.name),
    ...rolesOf(row, options).map(({ id }) => id),
    ...Object.values(secrets).map((secret) => `secret-value/${secret}`),
  ];
}

/** Reads the command line of `deploy -- manifests`, and of `hawker.deploy.json` what a cluster has use for. */
import { readFileSync } from 'node:fs';
import { MANIFEST } from '#functions/manifest.ts';
import { parseTargets } from '#shared/migrations/targets-schema.ts';
import { HelpWanted, parseTyped, UsageError } from '../../command/usage.ts';
import { readDatabases } from '../databases.ts';
import { readFile } from '../read-options.ts';
import type { Asked, Databases } from './asked.ts';

const HELP = `usage: npm run -s deploy -- manifests --for kubernetes|knative --image <image> [options]
Prints YAML for a cluster; nothing is asked of it, and nothing applied.
  --mode <mode>               functions: each on its own, over Firestore and Pub/Sub (without it);
                              single: all in one pod on one volume, without Google
  --project <id>              Google Cloud project of Firestore and Pub/Sub; for functions
  --namespace <name>          hawker without it
  --host <host>               a branded host, once for each
  --domain <host>             below it each HTTP function has a host: links.<host>; for single it is the console's
  --only <functions>          some functions, by comma
  --issuer <name>             cert-manager's ClusterIssuer for certificates; without it each host's Secret tls-<host> is yours to make
  --ingress-class <name>      nginx without it
  --ingress-namespace <name>  where the ingress controller runs; ingress-nginx without it, on Knative kourier-system`;

const text = { type: 'string' } as const;
const OPTIONS = {
  ...{ for: text, mode: text, image: text, project: text, namespace: text, domain: text, issuer: text },
  host: { type: 'string', multiple: true },
  only: { type: 'string', multiple: true },
  ...{ 'ingress-class': text, 'ingress-namespace': text },
  help: { type: 'boolean', short: 'h' },
} as const;

/** RFC 1123, as Kubernetes names namespaces, and hosts. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const HOST = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const IMAGE = /^[a-z0-9][\w.:@/-]{0,510}$/i;
const PROJECT = /^(?:[a-z][a-z0-9.-]*:)?[a-z][a-z0-9-]{2,28}[a-z0-9]$/;

/** Throws UsageError and HelpWanted. */
export function readAsked(args: readonly string[]): Asked {
  const { values, positionals } = parseTyped(args, OPTIONS);
  if (values.help) throw new HelpWanted(HELP);
  if (positionals.length > 0) throw new UsageError(`manifests takes no ${JSON.stringify(positionals[0])}: see --help`);
  const file = readFile();
  const cluster = oneOf('--for', values.for, ['kubernetes', 'knative'] as const);
  const mode = oneOf('--mode', values.mode ?? 'functions', ['functions', 'single'] as const);
  if (mode === 'single' && cluster === 'knative')
    throw new UsageError('--mode single is for kubernetes: Knative keeps no pod on a volume');
  const project = values.project ?? file.project ?? '';
  if (mode === 'functions') like('--project', project, PROJECT, 'a project id');
  const only = (values.only ?? []).flatMap((names) => names.split(',')).filter(Boolean);
  for (const name of only)
    if (!MANIFEST.some((row) => row.name === name))
      throw new UsageError(
        `--only: there is no function ${name}; there are ${MANIFEST.map((row) => row.name).join(', ')}`,
      );
  const hosts = [...new Set([...file.hosts, ...(values.host ?? [])])];
  for (const host of hosts) like('--host', host, HOST, 'a host name in lower case');
  const { domain, issuer } = values;
  if (domain !== undefined) like('--domain', domain, HOST, 'a host name in lower case');
  const own =
    domain === undefined ? [] : mode === 'single' ? [domain] : MANIFEST.map(({ name }) => `${name}.${domain}`);
  for (const host of hosts.filter((each) => own.includes(each)))
    throw new UsageError(`--host ${host} is where --domain has one of the functions: no branded host can be there`);
  if (issuer !== undefined) like('--issuer', issuer, LABEL, "a ClusterIssuer's name");
  return {
    ...{ for: cluster, mode, hosts, only, project, settings: file.settings, secrets: [...new Set(file.secrets)] },
    image: like('--image', values.image ?? '', IMAGE, 'an image such as registry.example/hawker:1.2.3'),
    namespace: like('--namespace', values.namespace ?? 'hawker', LABEL, "a namespace's name"),
    ingressClass: like('--ingress-class', values['ingress-class'] ?? 'nginx', LABEL, "an ingress class's name"),
    ingressNamespace: like(
      '--ingress-namespace',
      values['ingress-namespace'] ?? (cluster === 'knative' ? 'kourier-system' : 'ingress-nginx'),
      LABEL,
      "a namespace's name",
    ),
    bucket: file.bucket ?? `${project.replaceAll(/[:.]/g, '-')}-hawker-blobs`,
    region: file.region ?? '<region>',
    ...(domain !== undefined && { domain }),
    ...(issuer !== undefined && { issuer }),
    ...(file.databases !== undefined && { databases: databasesOf(file.databases, project, mode) }),
  };
}

function databasesOf(path: string, project: string, mode: Asked['mode']): Databases {
  const { variables } = readDatabases(path, project);
  const parsed = parseTargets(JSON.parse(readFileSync(path, 'utf8')), path);
  const targets = 'targets' in parsed ? parsed.targets : [];
  for (const { name, kind, address } of targets) {
    if (mode === 'functions' && kind === 'sqlite')
      throw new UsageError(`databases: ${path}: target ${name} is a file of one machine, which pods do not share`);
    if (address.from === 'file')
      throw new UsageError(
        `databases: ${path}: target ${name}: its address is in a file, which no pod has: use a variable`,
      );
  }
  return { path, variables, targets };
}

function like(flag: string, value: string, pattern: RegExp, what: string): string {
  if (value === '') throw new UsageError(`${flag} is missing: ${what}`);
  if (!pattern.test(value)) throw new UsageError(`${flag} must be ${what}, not ${JSON.stringify(value)}`);
  return value;
}

function oneOf<const T extends string>(flag: string, value: string | undefined, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  if (found === undefined) throw new UsageError(`${flag} must be ${known.join(' or ')}`);
  return found;
}

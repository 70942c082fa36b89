/** Reads the command line and `hawker.deploy.json`; every mistake is named with the flag or the field that has it. */
import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { MANIFEST } from '#functions/manifest.ts';
import { ConfigError, loadConfig, SETTINGS } from '#shared/config.ts';
import { HelpWanted, parseTyped, UsageError } from '../command/usage.ts';
import { readDatabases } from './databases.ts';
import type { DeployOptions } from './options.ts';
import { reads, TELEMETRY_SECRETS } from './telemetry.ts';

const FILE = 'hawker.deploy.json';

/** What stands in place of the project's number until it is asked for. */
export const UNKNOWN_NUMBER = 'PROJECT_NUMBER';

export interface Typed {
  options: DeployOptions;
  json: boolean;
  yes: boolean;
  /** Whether `plan` is to ask Google what is there. */
  check: boolean;
  /** Whether `plan` is to show commands. */
  commands: boolean;
  /** Whether `destroy` is to remove data too. */
  withData: boolean;
}

const OPTIONS = {
  project: { type: 'string' },
  region: { type: 'string' },
  only: { type: 'string', multiple: true },
  tag: { type: 'string' },
  host: { type: 'string', multiple: true },
  'load-balancer': { type: 'boolean' },
  'with-data': { type: 'string' },
  check: { type: 'boolean' },
  commands: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  yes: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const functions = MANIFEST.map(({ name }) => name);
const PROJECT = /^(?:[a-z][a-z0-9.-]*:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/;
/** Shorter than Google makes them, for plans to look at. */
const ANY_PROJECT = /^(?:[a-z][a-z0-9.-]*:)?[a-z][a-z0-9-]{2,28}[a-z0-9]$/;
const REGION = /^[a-z]+-[a-z]+\d{1,2}$/;
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;
const NAME = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const TAG = /^(?:sha256:[0-9a-f]{64}|\w[\w.-]{0,127})$/;
/** Where Cloud Run maps domains: https://cloud.google.com/run/docs/mapping-custom-domains */
const MAPS_DOMAINS = [
  ...['asia-east1', 'asia-northeast1', 'asia-southeast1', 'europe-north1', 'europe-west1', 'europe-west4'],
  ...['us-central1', 'us-east1', 'us-east4', 'us-west1'],
];

const count = z.int().min(0).max(1_000);
const schema = z.strictObject({
  project: z.string().optional(),
  region: z.string().optional(),
  repository: z.string().regex(NAME, 'must be lower-case letters, digits and -').default('hawker'),
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/, "must be a bucket's name")
    .optional(),
  hosts: z.array(z.string().regex(HOST, 'must be a host name in lower case')).default([]),
  loadBalancer: z.boolean().default(false),
  vpc: z
    .strictObject({
      network: z.string().regex(NAME, "must be a network's name"),
      subnet: z.string().regex(NAME, "must be a subnet's name"),
    })
    .optional(),
  databases: z
    .string()
    .regex(
      /^databases\/(?!.*(?:^|\/)\.\.(?:\/|$))[\w./-]+$/,
      'must be a file in the folder databases, which the image takes along',
    )
    .optional(),
  settings: z.record(z.string(), z.record(z.string(), z.string())).default({}),
  secrets: z
    .array(
      z.enum(
        TELEMETRY_SECRETS,
        `must be one of ${TELEMETRY_SECRETS.join(', ')}: others go to the functions that read them`,
      ),
    )
    .default([]),
  instances: z.record(z.string(), z.strictObject({ min: count.optional(), max: count.min(1).optional() })).default({}),
});

/** Throws UsageError and HelpWanted. `positionals` are for commands that take some. */
export function readTyped(args: readonly string[], help: string): Typed & { positionals: readonly string[] } {
  const { values, positionals } = parseTyped(args, OPTIONS);
  if (values.help) throw new HelpWanted(help);
  const file = readFile();
  const project = values.project ?? file.project;
  const region = values.region ?? file.region;
  if (project === undefined)
    throw new UsageError(`--project is missing: which Google Cloud project? (or "project" in ${FILE})`);
  if (!ANY_PROJECT.test(project))
    throw new UsageError(`--project must be a project id such as my-project-1, not ${JSON.stringify(project)}`);
  if (region === undefined)
    throw new UsageError(`--region is missing: such as asia-southeast1 (or "region" in ${FILE})`);
  if (!REGION.test(region))
    throw new UsageError(`--region must be a region such as asia-southeast1, not ${JSON.stringify(region)}`);
  if (values.yes && values['dry-run']) throw new UsageError('--yes and --dry-run contradict each other');
  if ((values.yes || values['with-data'] !== undefined) && !PROJECT.test(project))
    throw new UsageError(`--project must be 6 to 30 lower-case letters, digits and -, not ${JSON.stringify(project)}`);
  if (values['with-data'] !== undefined && values['with-data'] !== project)
    throw new UsageError(`--with-data removes all data: it must be given the project's name, --with-data=${project}`);
  const only = (values.only ?? []).flatMap((names) => names.split(',')).filter(Boolean);
  for (const name of only) known(name, '--only');
  if (values.tag !== undefined && !TAG.test(values.tag))
    throw new UsageError('--tag must be the tag of an image, or its digest sha256:...');
  const hosts = [...new Set([...file.hosts, ...(values.host ?? [])])];
  for (const host of hosts)
    if (!HOST.test(host)) throw new UsageError(`--host must be a host name in lower case, not ${JSON.stringify(host)}`);
  const loadBalancer = values['load-balancer'] ?? file.loadBalancer;
  if (loadBalancer && hosts.length === 0)
    throw new UsageError(
      `--load-balancer needs the branded domains for its certificate: --host, or "hosts" in ${FILE}`,
    );
  if (!loadBalancer && hosts.length > 0 && !MAPS_DOMAINS.includes(region))
    throw new UsageError(
      `Cloud Run maps no domains in ${region}: use --load-balancer, or one of ${MAPS_DOMAINS.join(', ')}`,
    );
  return {
    options: {
      ...{ project, projectNumber: UNKNOWN_NUMBER, region, only, hosts, loadBalancer, database: '(default)' },
      repository: file.repository,
      bucket: file.bucket ?? `${project.replaceAll(/[:.]/g, '-')}-hawker-blobs`,
      ...(values.tag !== undefined && { tag: values.tag }),
      ...(file.vpc && { vpc: file.vpc }),
      ...(file.databases !== undefined && { databases: readDatabases(file.databases, project) }),
      settings: file.settings,
      secrets: [...new Set(file.secrets)],
      instances: file.instances as DeployOptions['instances'],
    },
    ...{ json: values.json === true, yes: values.yes === true, check: values.check === true },
    ...{ commands: values.commands === true, withData: values['with-data'] !== undefined, positionals },
  };
}

export function readFile(): z.infer<typeof schema> {
  let given: unknown = {};
  try {
    if (existsSync(FILE)) given = JSON.parse(readFileSync(FILE, 'utf8'));
  } catch (error) {
    throw new UsageError(`${FILE} ${error instanceof SyntaxError ? 'is not JSON' : 'cannot be read'}`);
  }
  return checkFile(given);
}

/** The file's content, refused with every problem at once. Throws UsageError. */
export function checkFile(given: unknown): z.infer<typeof schema> {
  const read = schema.safeParse(given);
  if (!read.success)
    throw new UsageError(
      `${FILE}: ${read.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`).join('; ')}`,
    );
  for (const [name, settings] of Object.entries(read.data.settings)) {
    if (name !== '*') known(name, `${FILE}: settings`);
    checkSettings(name, settings);
  }
  for (const [name, { min = 0, max }] of Object.entries(read.data.instances)) {
    known(name, `${FILE}: instances`);
    if (max !== undefined && min > max) throw new UsageError(`${FILE}: instances.${name}: min is more than max`);
  }
  return read.data;
}

/** Those that a function reads, and none that is a secret or would contradict what the deployment derives. */
function checkSettings(name: string, settings: Readonly<Record<string, string>>): void {
  const where = `${FILE}: settings.${name}`;
  for (const setting of Object.keys(settings)) {
    const spec = Object.hasOwn(SETTINGS, setting) ? SETTINGS[setting as keyof typeof SETTINGS] : undefined;
    if (!spec) throw new UsageError(`${where}: there is no setting ${setting}`);
    if ('secret' in spec)
      throw new UsageError(
        `${where}: ${setting} is a secret and does not belong into a file: give it as a variable to \`npm run deploy -- apply\``,
      );
    const rows = MANIFEST.filter((row) => (name === '*' || row.name === name) && reads(row, setting));
    if (rows.length === 0)
      throw new UsageError(
        `${where}: ${setting} is ${name === '*' ? 'read by no function' : 'not among the settings of its row in functions/manifest.ts'}`,
      );
  }
  const { HAWKER_ADMIN_EMAILS: _, HAWKER_ADMIN_AUDIENCE: __, ...alone } = settings;
  try {
    loadConfig(alone);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageError(`${where}: ${error.message}`);
  }
}

function known(name: string, where: string): void {
  if (!functions.includes(name))
    throw new UsageError(`${where}: there is no function ${JSON.stringify(name)}; there are ${functions.join(', ')}`);
}

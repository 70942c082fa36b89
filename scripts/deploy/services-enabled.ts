/** Google's APIs that have to be switched on, each for a reason that the manifest gives. */
import type { FunctionRow } from '#shared/define.ts';
import { items, text } from './answer.ts';
import { command, question } from './names.ts';
import type { DeployOptions } from './options.ts';
import type { Resource } from './resource.ts';
import { tellsGoogle } from './telemetry.ts';

interface Api {
  name: string;
  why: string;
  /** Whether a row implies it; absent: all do. */
  wants?: (row: FunctionRow, options: DeployOptions) => boolean;
}

const APIS: readonly Api[] = [
  { name: 'cloudresourcemanager', why: "reads and changes the project's permissions" },
  { name: 'iam', why: 'makes service accounts' },
  { name: 'artifactregistry', why: 'keeps the image' },
  { name: 'cloudbuild', why: 'builds the image' },
  { name: 'run', why: 'runs the functions' },
  { name: 'firestore', why: 'keeps the documents', wants: ({ store }) => Object.keys(store).length > 0 },
  {
    name: 'pubsub',
    why: 'carries the events',
    wants: ({ trigger, publishes }) => trigger.type === 'message' || publishes.length > 0,
  },
  { name: 'cloudscheduler', why: 'calls what runs by the clock', wants: ({ trigger }) => trigger.type === 'schedule' },
  {
    name: 'secretmanager',
    why: 'keeps secrets',
    wants: ({ secrets, google }, options) =>
      secrets.length > 0 || (options.secrets ?? []).length > 0 || google.includes('secretmanager'),
  },
  { name: 'storage', why: 'keeps images on their way', wants: ({ blobs }) => blobs !== 'none' },
  { name: 'iamcredentials', why: 'signs addresses of blobs', wants: ({ blobs }) => blobs === 'sign' },
  { name: 'slides', why: 'changes presentations', wants: ({ google }) => google.includes('slides') },
  { name: 'drive', why: 'reads files that people shared', wants: ({ google }) => google.includes('drive') },
  { name: 'sqladmin', why: 'opens wires to Cloud SQL', wants: ({ google }) => google.includes('sqladmin') },
  { name: 'telemetry', why: 'takes traces and metrics', wants: (row, { settings }) => tellsGoogle(row, settings) },
];

export const apiId = (name: string) => `api/${name}.googleapis.com`;

export function servicesEnabled(rows: readonly FunctionRow[], options: DeployOptions): Resource[] {
  const wanted = APIS.map(({ name, why, wants }) => ({
    name,
    why,
    of: wants ? rows.filter((row) => wants(row, options)).map((row) => row.name) : [],
    used: !wants || rows.some((row) => wants(row, options)),
  })).filter(({ used }) => used);
  if (options.loadBalancer || options.vpc)
    wanted.push({ name: 'compute', why: options.vpc ? 'has the network' : 'balances the load', of: [], used: true });
  return wanted.map(({ name, why, of }) => {
    const api = `${name}.googleapis.com`;
    return {
      id: apiId(name),
      kind: 'api',
      about: `The API ${api}: ${why}`,
      of,
      needs: [],
      describe: question(options, ['services', 'list'], { enabled: true }),
      wanted: null,
      read: (answer) =>
        items(answer).some(
          (service) => text(service, 'config', 'name') === api || text(service, 'name').endsWith(`/${api}`),
        )
          ? null
          : undefined,
      create: [command(options, ['services', 'enable', api])],
      keeps: 'others in the project may use it, and it costs nothing',
    };
  });
}

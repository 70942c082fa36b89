/**
 * Every setting, as data: read here alone, checked once at start, all problems told in one message. README's table is made from it.
 */
import { isIP } from 'node:net';
import { contradictions } from './contradictions.ts';
import { isCidr } from './http/addresses.ts';
import {
  baseAddress,
  HOST_PATTERN,
  isDay,
  list,
  mapTiles,
  oneOf,
  optional,
  type Setting,
  setting,
  wholeNumber,
} from './setting-readers.ts';
import { TELEMETRY_SETTINGS, UNHEEDED } from './telemetry/settings.ts';

export const SETTINGS = {
  PORT: setting({
    about: 'Port to listen on; 0 takes a free one',
    fallback: '8080',
    read: wholeNumber(0, 65535, 8080),
  }),
  HAWKER_HOST: setting({
    about: 'Address to listen on',
    fallback: '127.0.0.1 under `npm start`, all addresses for a built function',
    read: optional(/^[0-9a-zA-Z.:-]+$/, 'an IP address or a host name'),
  }),
  HAWKER_DATA: setting({ about: 'Folder of the embedded data', fallback: '.data', read: (text) => text ?? '.data' }),
  HAWKER_STORE: setting({
    about: 'Where documents live: `sqlite` or `firestore`',
    fallback: 'sqlite',
    read: oneOf(['sqlite', 'firestore'], 'sqlite'),
  }),
  HAWKER_QUEUE: setting({
    about: 'How events travel: `embedded` or `pubsub`',
    fallback: 'embedded',
    read: oneOf(['embedded', 'pubsub'], 'embedded'),
  }),
  HAWKER_LEASES: setting({
    about: 'Where leases are kept: `store`, or `kubernetes` as Lease objects of the cluster',
    fallback: 'kubernetes in a pod, store elsewhere',
    read: (text) => (text === undefined ? undefined : oneOf(['store', 'kubernetes'], 'store')(text)),
  }),
  GOOGLE_CLOUD_PROJECT: setting({
    about: 'Google Cloud project of Firestore and Pub/Sub; needed where either is used',
    read: optional(/^[a-z][a-z0-9:.-]{4,61}[a-z0-9]$/, 'a project id'),
  }),
  FIRESTORE_EMULATOR_HOST: setting({
    about: "Firestore emulator's host:port",
    read: optional(/^[^/\s]+:\d+$/, 'host:port'),
  }),
  PUBSUB_EMULATOR_HOST: setting({
    about: "Pub/Sub emulator's host:port",
    read: optional(/^[^/\s]+:\d+$/, 'host:port'),
  }),
  HAWKER_CONSOLE_HOSTS: setting({
    about: 'More host names that serve the console and the admin interfaces, beside localhost, 127.0.0.1 and [::1]',
    read: list((item) => HOST_PATTERN.test(item), 'host names without a port'),
  }),
  HAWKER_BASE_PATH: setting({
    about: 'Path under which a proxy in front serves the console host, such as `/hawker`',
    read: optional(/^(?:\/[A-Za-z0-9._~-]+)+$/, 'a path that starts with / and does not end with it'),
  }),
  HAWKER_ADMIN_KEY: setting({
    about: 'An admin key to accept; without it the first `npm start` makes one, prints it once and keeps only its hash',
    secret: true,
    read: optional(/^[\x21-\x7e]{16,256}$/, '16 to 256 visible ASCII characters'),
  }),
  HAWKER_ADMIN_AUDIENCE: setting({
    about: 'Audience that a Google ID token must have to act as admin; with HAWKER_ADMIN_EMAILS',
    read: optional(/^\S+$/, 'an audience without spaces'),
  }),
  HAWKER_ADMIN_EMAILS: setting({
    about: 'Google accounts whose ID tokens act as admin',
    read: list((item) => /^\S+@\S+$/.test(item), 'e-mail addresses'),
  }),
  HAWKER_PUSH_AUDIENCE: setting({
    about:
      'Audience that the push subscription or the schedule puts into its tokens; needed by a built message or schedule function on Pub/Sub',
    read: optional(/^\S+$/, 'an audience without spaces'),
  }),
  HAWKER_PUSH_EMAIL: setting({
    about: 'Service account of the push subscription or the schedule; needed with HAWKER_PUSH_AUDIENCE',
    read: optional(/^\S+@\S+$/, 'an e-mail address'),
  }),
  HAWKER_TRUSTED_PROXIES: setting({
    about: 'Addresses (IP or CIDR) of proxies whose X-Forwarded-For and X-Forwarded-Host are believed',
    read: list((item) => isIP(item) !== 0 || isCidr(item), 'IP addresses or CIDR ranges'),
  }),
  HAWKER_COUNTRY_HEADER: setting({
    about: "Header in which your load balancer puts the visitor's two-letter country",
    read: optional(/^[A-Za-z0-9-]+$/, 'a header name'),
  }),
  LTA_ACCOUNT_KEY: setting({
    about: 'Key of LTA DataMall, free at https://datamall.lta.gov.sg; without it bus arrivals are a demo',
    secret: true,
    read: optional(/^[\x21-\x7e]{8,256}$/, '8 to 256 visible ASCII characters'),
  }),
  LTA_BASE_URL: setting({
    about: 'Where LTA DataMall is: https, or http on this machine',
    fallback: 'https://datamall2.mytransport.sg/ltaodataservice',
    read: (text) => baseAddress(text ?? 'https://datamall2.mytransport.sg/ltaodataservice'),
  }),
  LTA_CALLS_PER_MINUTE: setting({
    about:
      'How many calls for arrivals one process makes to LTA DataMall in a minute at most; fetching the lists may take half as many beside them',
    fallback: '240',
    // With fewer, fetching the lists would take about as long as bus-sync may run, and with still fewer they would never come.
    read: wholeNumber(12, 6_000, 240),
  }),
  HAWKER_SG_HOLIDAYS: setting({
    about:
      "Public holidays in Singapore that are not in Hawker's own table, such as `2027-10-28`; with `-` in front, days that are none",
    read: list(isDay, 'dates such as 2027-10-28 or -2027-10-28'),
  }),
  HAWKER_BUS_MAP_TILES: setting({
    about:
      'Map tiles for the bus page, such as `https://www.onemap.gov.sg/maps/tiles/Default/{z}/{x}/{y}.png`; without it there is no map',
    read: (text) => (text === undefined ? undefined : mapTiles(text)),
  }),
  HAWKER_PUSH_SERVICES: setting({
    about:
      'More hosts of push services that browsers may name for leave-now alerts, beside those of Google, Mozilla, Apple and Microsoft; http is taken on this machine alone',
    read: list(
      (item) => /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/i.test(item),
      'host names, with a port where it is not 443',
    ),
  }),
  HAWKER_PUSH_CONTACT: setting({
    about: 'Who push services may write to about leave-now alerts; Apple insists on a real one',
    fallback: 'mailto:hawker@example.com',
    read: (text) =>
      optional(/^(?:mailto:\S+@\S+|https:\/\/\S+)$/, 'a mailto: or https: address')(text) ??
      'mailto:hawker@example.com',
  }),
  HAWKER_PUBLIC_URL: setting({
    about:
      'Where Google reaches `slides-images`: its own host in the cloud, this server behind a proxy or tunnel; https, or http on this machine',
    read: (text) => (text === undefined ? undefined : baseAddress(text)),
  }),
  HAWKER_IMAGE_KEYS: setting({
    about:
      'What signs the addresses of images: one key, or two while changing it, the new one first; without it one is made and kept in the store',
    secret: true,
    read: (text) => {
      const keys = list(
        (item) => /^[\x21-\x7e]{32,256}$/.test(item),
        'one or two keys of 32 to 256 visible ASCII characters',
      )(text);
      if (keys.length > 2) throw new Error('must be one key, or two while changing it');
      return keys;
    },
  }),
  HAWKER_BUCKET: setting({
    about:
      'Cloud Storage bucket for images on their way and for what jobs and undo keep for a while; needed where functions share no disk, and by `mode: "bucket"`',
    fallback: 'the folder `blobs` in HAWKER_DATA',
    read: optional(/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/, "a bucket's name"),
  }),
  HAWKER_GOOGLE_SUBJECT: setting({
    about: 'The person in whose name Slides and Drive are used, by domain-wide delegation to the own service account',
    read: optional(/^\S+@\S+$/, 'an e-mail address'),
  }),
  HAWKER_DATABASES: setting({
    about:
      'A JSON file that names the databases to migrate; without it there is a sample, an SQLite file in HAWKER_DATA',
    read: (text) => text,
  }),
  HAWKER_DIAGNOSTICS: setting({
    about:
      'A folder into which SIGUSR2 writes a CPU profile and a heap snapshot, which holds every secret of the process; without it the signal does nothing of the kind',
    read: (text) => text,
  }),
  ...TELEMETRY_SETTINGS,
  GOOGLE_APIS_ROOT_URL: setting({
    about:
      "Another place for Google's APIs (Slides, Drive, IAM credentials, tokens, Storage, Secret Manager, Cloud SQL Admin): https, or http on this machine",
    fallback: "Google's own",
    read: (text) => (text === undefined ? undefined : baseAddress(text)),
  }),
  STORAGE_EMULATOR_HOST: setting({
    about: "Cloud Storage emulator's address, such as `http://127.0.0.1:9023`",
    read: (text) => (text === undefined ? undefined : baseAddress(text.includes('://') ? text : `http://${text}`)),
  }),
} as const;

export type SettingName = keyof typeof SETTINGS;

export type Config = { readonly [Name in SettingName]: ReturnType<(typeof SETTINGS)[Name]['read']> } & {
  /** Whether the platform is Cloud Run: CPU may stop after the last byte of an answer. Its own variable K_SERVICE tells. */
  readonly cloudRun: boolean;
  /** What it is called there: K_SERVICE and K_REVISION. */
  readonly service: { name: string; revision: string } | undefined;
  /** The cluster's API server when running in a pod, from Kubernetes' own variables. */
  readonly kubernetes: { host: string; port: string } | undefined;
};

/** What an address of HAWKER_DATABASES is kept in; undefined where it is not set, or empty. */
export function variable(name: string, env: Record<string, string | undefined> = process.env): string | undefined {
  return env[name]?.trim() || undefined;
}

/** Which settings were given, by their names alone. */
export function settingsGiven(env: Record<string, string | undefined> = process.env): {
  plain: SettingName[];
  /** Every secret, and whether it is there. */
  secrets: Record<string, 'set' | 'not set'>;
} {
  const names = Object.keys(SETTINGS) as SettingName[];
  const isSecret = (name: SettingName) => 'secret' in SETTINGS[name];
  return {
    plain: names.filter((name) => !isSecret(name) && env[name]?.trim()),
    secrets: Object.fromEntries(
      names.filter(isSecret).map((name) => [name, env[name]?.trim() ? 'set' : 'not set'] as const),
    ),
  };
}

/** Settings that cannot be used; `message` is one line that names each and its rule, never a secret's value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Reads all settings. Throws ConfigError with every problem at once. */
export function loadConfig(env: Record<string, string | undefined> = process.env): Config {
  const problems: string[] = [];
  const values: Record<string, unknown> = {
    cloudRun: Boolean(env['K_SERVICE']),
    service: env['K_SERVICE'] ? { name: env['K_SERVICE'], revision: env['K_REVISION'] ?? '' } : undefined,
    kubernetes: kubernetesOf(env),
  };
  for (const [name, spec] of Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]) {
    const text = env[name]?.trim() || undefined;
    try {
      values[name] = spec.read(text);
    } catch (error) {
      problems.push(`${name} ${(error as Error).message}${spec.secret ? '' : ` (got ${shown(text)})`}`);
    }
  }
  const config = values as unknown as Config;
  if (problems.length === 0) problems.push(...contradictions(config));
  if (problems.length > 0) throw new ConfigError(`bad settings: ${problems.join('; ')}`);
  return config;
}

/** As it was given, without what an address may have of a user, a password, a query and a fragment. */
function shown(text: string | undefined): string {
  const bare = text
    // Whether the @ ends a password or is part of a query, nobody can tell.
    ?.replace(/(\/\/|^(?!\w+:\/\/)).*[?#].*@.*$/s, '$1...')
    .replace(/\/\/.*@/s, '//...@')
    .replace(/^[^/@]*:[^/].*@/s, '...@')
    .replace(/[?#].*$/s, (rest) => `${rest[0]}...`);
  return JSON.stringify(bare);
}

function kubernetesOf(env: Record<string, string | undefined>): Config['kubernetes'] {
  const host = env['KUBERNETES_SERVICE_HOST'];
  return host ? { host, port: env['KUBERNETES_SERVICE_PORT'] || '443' } : undefined;
}

/** What `lease run` tells its command: no settings, and no slips. */
export const TOLD = ['HAWKER_LEASE_NAME', 'HAWKER_LEASE_TOKEN'];

/** Names that look like ours and are none: most likely a slip of the keyboard. */
export function unknownSettings(env: Record<string, string | undefined> = process.env): string[] {
  return Object.keys(env).filter((name) => name.startsWith('HAWKER_') && !(name in SETTINGS) && !TOLD.includes(name));
}

/** Variables by which others steer telemetry and that are not heeded here, each in a sentence that says what is. */
export function unheededSettings(env: Record<string, string | undefined> = process.env): string[] {
  return Object.entries(UNHEEDED).flatMap(([name, { means, instead }]) => {
    const text = env[name]?.trim();
    return !text || text === means ? [] : `${name} has no effect: ${instead}`;
  });
}

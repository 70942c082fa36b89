/** How things are called in Google Cloud, and how arguments of gcloud are written. */
import { createHash } from 'node:crypto';
import type { DeployOptions } from './options.ts';
import type { Command } from './resource.ts';

/** 6 to 30 letters, digits and `-`: what is longer ends with a hash of the whole. */
export function accountName(name: string): string {
  const whole = `hawker-${name}`;
  if (whole.length <= 30) return whole;
  return `${whole.slice(0, 23).replace(/-+$/, '')}-${createHash('sha256').update(whole).digest('hex').slice(0, 6)}`;
}

/** Whose tokens come with pushes, and whose with calls of a schedule. */
export const PUSH = 'push';
export const SCHEDULER = 'scheduler';
/** Whose name Cloud Build works in. */
export const BUILD = 'build';
export const JOB = 'hawker-migrate';

export function emailOf(name: string, { project }: Pick<DeployOptions, 'project'>): string {
  // A project of a domain is `example.com:name`, and its accounts are at name.example.com.
  return `${accountName(name)}@${project.split(':').reverse().join('.')}.iam.gserviceaccount.com`;
}

export const memberOf = (name: string, options: DeployOptions) => `serviceAccount:${emailOf(name, options)}`;

/** Where Cloud Run serves it, told before it is there: https://cloud.google.com/run/docs/triggering/https-request#deterministic */
export function hostOf(service: string, { projectNumber, region }: DeployOptions): string {
  return `${service}-${projectNumber}.${region}.run.app`;
}

export const urlOf = (service: string, options: DeployOptions) => `https://${hostOf(service, options)}`;

/** What Pub/Sub acts as when it pushes, and when it moves a message to its dead letters. */
export const pubsubAgent = ({ projectNumber }: DeployOptions) =>
  `serviceAccount:service-${projectNumber}@gcp-sa-pubsub.iam.gserviceaccount.com`;

export const secretName = (setting: string) =>
  `hawker-${setting
    .toLowerCase()
    .replace(/^hawker_/, '')
    .replaceAll('_', '-')}`;

/** Flags are written with `=` alone, so that no value can be taken for another flag. `true` is a flag without a value; undefined none at all. */
export function flags(given: Readonly<Record<string, string | number | true | undefined>>): string[] {
  return Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : value === true ? `--${name}` : `--${name}=${value}`,
  );
}

/** Pairs of a flag that takes several, behind a delimiter that is in none of them: https://cloud.google.com/sdk/gcloud/reference/topic/escaping */
export function pairs(given: Readonly<Record<string, string>>): string {
  const texts = Object.entries(given).map(([name, value]) => `${name}=${value}`);
  const delimiter =
    [',', '|', ';', '~', '#', '\u001f'].find((sign) => !texts.some((text) => text.includes(sign))) ?? ',';
  return delimiter === ',' ? texts.join(',') : `^${delimiter}^${texts.join(delimiter)}`;
}

/** A command in this project: `words` are what it is and what it is about. */
export function command(
  { project }: Pick<DeployOptions, 'project'>,
  words: readonly string[],
  given: Parameters<typeof flags>[0] = {},
): Command {
  return { args: [...words, ...flags(given), `--project=${project}`, '--quiet'] };
}

/** The same for one that answers with JSON. */
export function question(
  options: Pick<DeployOptions, 'project'>,
  words: readonly string[],
  given: Parameters<typeof flags>[0] = {},
): Command {
  return command(options, words, { ...given, format: 'json' });
}

/** Secrets and their first values, which come from variables of the settings' names and go to gcloud on its standard input alone. */
import type { FunctionRow } from '#shared/define.ts';
import { items, present } from './answer.ts';
import { connects } from './databases.ts';
import { command, question, secretName } from './names.ts';
import type { DeployOptions } from './options.ts';
import type { Resource } from './resource.ts';
import { apiId } from './services-enabled.ts';

/** A version that every setting reads as not set: without any version Cloud Run starts no revision that names the secret. */
const NOT_SET = '\n';

export interface SecretSetting {
  setting: string;
  of: readonly string[];
}

/** Settings that are secrets, those that all functions get among them, and variables in which the file of HAWKER_DATABASES says where a database is. */
function secretSettings(
  rows: readonly FunctionRow[],
  { databases, secrets: shared = [] }: DeployOptions,
): SecretSetting[] {
  const settings = [...new Set(rows.flatMap((row) => row.secrets))].sort();
  const opening = rows.filter(connects).map(({ name }) => name);
  const all = rows.map(({ name }) => name);
  return [
    ...[...shared].sort().map((setting) => ({ setting, of: all })),
    ...settings.map((setting) => ({
      setting,
      of: rows.filter((row) => row.secrets.includes(setting)).map(({ name }) => name),
    })),
    ...(opening.length > 0 ? (databases?.variables ?? []) : []).map((setting) => ({ setting, of: opening })),
  ];
}

/** `env`: where values come from. */
export function secrets(
  rows: readonly FunctionRow[],
  options: DeployOptions,
  env: Readonly<Record<string, string | undefined>>,
): Resource[] {
  return secretSettings(rows, options).flatMap(({ setting, of }): Resource[] => {
    const name = secretName(setting);
    const given = env[setting]?.trim();
    return [
      {
        id: `secret/${name}`,
        kind: 'secret',
        about: `${setting}, read by ${of.join(', ')}`,
        of,
        needs: [apiId('secretmanager')],
        describe: question(options, ['secrets', 'describe', name]),
        wanted: null,
        read: present,
        create: [
          command(options, ['secrets', 'create', name], { 'replication-policy': 'automatic', labels: 'app=hawker' }),
        ],
        remove: [command(options, ['secrets', 'delete', name])],
        keeps: 'its value may be nowhere else',
        cost: 'US$0.06 a month per version beyond the first six',
      },
      {
        id: `secret-value/${name}`,
        kind: 'secret-value',
        about: given
          ? `The first value of ${setting}, from the variable of that name here`
          : `No value: the variable ${setting} is not set here, so ${setting} counts as not set there until you add a version to ${name}`,
        of,
        needs: [`secret/${name}`],
        describe: question(options, ['secrets', 'versions', 'list', name], { filter: 'state=ENABLED', limit: 1 }),
        wanted: null,
        read: (answer) => (items(answer).length > 0 ? null : undefined),
        create: [
          {
            ...command(options, ['secrets', 'versions', 'add', name], { 'data-file': '-' }),
            input: async () => given || NOT_SET,
          },
        ],
        keeps: 'it goes with its secret',
      },
    ];
  });
}

/** What the file of HAWKER_DATABASES needs of Google Cloud. */
import { readFileSync } from 'node:fs';
import type { FunctionRow } from '#shared/define.ts';
import { messageOf } from '#shared/errors.ts';
import { parseTargets } from '#shared/migrations/targets-schema.ts';
import { UsageError } from '../command/usage.ts';
import type { DatabasesFile } from './options.ts';

/** Whether a function opens databases to migrate: one that only starts runs reads their names alone. */
export const connects = ({ settings, google }: Pick<FunctionRow, 'settings' | 'google'>) =>
  settings.includes('HAWKER_DATABASES') && google.includes('secretmanager');

/** `path` is from the project's folder. Throws UsageError, without what may be a password in the wrong place. */
export function readDatabases(path: string, project: string): DatabasesFile {
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = error instanceof SyntaxError ? 'is not JSON' : `cannot be read: ${messageOf(error)}`;
    throw new UsageError(`databases: ${path} ${why}`);
  }
  const parsed = parseTargets(given, path);
  if ('problems' in parsed) throw new UsageError(`databases: ${path}: ${parsed.problems.join('; ')}`);
  const addresses = parsed.targets.flatMap(({ address, rehearse }) => [
    address,
    ...(address.from === 'cloud-sql' && address.password !== 'iam' ? [address.password] : []),
    ...(rehearse ? [rehearse.address] : []),
  ]);
  const instances = addresses.flatMap((address) => {
    if (address.from !== 'cloud-sql') return [];
    // `project:region:instance`, where a project may hold a colon of its own.
    const parts = address.instance.split(':');
    return [{ project: parts.slice(0, -2).join(':'), instance: parts.at(-1) ?? '', iam: address.password === 'iam' }];
  });
  return {
    path,
    secrets: distinct(
      addresses.flatMap((address) => {
        const [, of = '', , name = ''] = address.from === 'secret' ? address.name.split('/') : [];
        return name ? [{ project: of, name }] : [];
      }),
    ),
    variables: distinct(addresses.flatMap((address) => (address.from === 'variable' ? address.name : []))),
    instances: distinct(
      instances.map((one) => ({
        ...one,
        iam: instances.some(
          ({ project, instance, iam }) => iam && project === one.project && instance === one.instance,
        ),
      })),
    ),
    firestore: distinct(
      addresses.flatMap((address) =>
        address.from === 'firestore' ? [{ project: address.project ?? project, database: address.database }] : [],
      ),
    ),
  };
}

const distinct = <T>(values: readonly T[]): T[] => [
  ...new Map(values.map((value) => [JSON.stringify(value), value])).values(),
];

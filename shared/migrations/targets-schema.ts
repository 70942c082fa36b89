/** The file that HAWKER_DATABASES names: `{"targets": [{"name": "shop", "kind": "postgres", "address": {"variable": "SHOP_DATABASE_URL"}, "folder": "shop"}]}`. */
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { createTimetable } from '../schedule/timetable.ts';
import { type AddressRef, DEFAULTS, KINDS, type Policy, type SecretRef, type Target } from './target.ts';

const MOST_MS = 2 ** 31 - 1;
const ADDRESS =
  'must be {"variable": "..."} or {"file": "..."} or {"secret": "projects/..."}: the address itself, which may hold a password, does not belong here';
const PASSWORD =
  'must be {"variable": "..."}, {"file": "..."} or {"secret": "projects/..."}: the password itself does not belong here';

const text = z.string().min(1);
/** A version of a global secret; without one the latest. */
const secretName = z
  .string()
  .regex(
    /^projects\/[a-z0-9](?:[a-z0-9:.-]{0,61}[a-z0-9])?\/secrets\/[A-Za-z0-9_-]{1,255}(?:\/versions\/[A-Za-z0-9_-]{1,63})?$/,
    'must be projects/p/secrets/s or projects/p/secrets/s/versions/v',
  );
const kept = {
  variable: z.strictObject({ variable: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }),
  file: z.strictObject({ file: text }),
  secret: z.strictObject({ secret: secretName }),
};
/** Private unless it says otherwise, as the database that a public address should not be needed for; the connector's own choice is public. */
const cloudSql = z
  .strictObject({
    instance: z
      .string()
      .regex(
        /^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]:[a-z][a-z0-9-]{1,30}[a-z0-9]:[a-z][a-z0-9-]{0,96}[a-z0-9]$/,
        'must be project:region:instance',
      ),
    user: text.max(256),
    database: text.max(64),
    password: z.union([kept.variable, kept.file, kept.secret], { error: PASSWORD }).optional(),
    iam: z.literal(true).optional(),
    ip: z.enum(['public', 'private', 'psc']).default('private'),
  })
  .refine(({ password, iam }) => (password === undefined) === (iam === true), {
    path: ['password'],
    error: `${PASSWORD}; or "iam": true in its place`,
  });
/** Two ways at once, or none, are as wrong as the address itself. */
const address = z.union(
  [
    ...Object.values(kept),
    z.strictObject({ path: text }),
    z.strictObject({ cloudSql }),
    z.strictObject({
      firestore: z.strictObject({
        project: z
          .string()
          .regex(/^[a-z][a-z0-9:.-]{4,61}[a-z0-9]$/)
          .optional(),
        database: z
          .string()
          .regex(/^(?:\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$/)
          .default('(default)'),
      }),
    }),
  ],
  { error: ADDRESS },
);

function isCron(cron: string): boolean {
  try {
    return createTimetable({ cron, timeZone: 'UTC' }).next(0) !== undefined;
  } catch {
    return false;
  }
}

const reaction = z.enum(['warn', 'error']);

const target = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
        'must be 1 to 63 lower-case letters, digits and -, not at its ends',
      ),
    kind: z.enum(KINDS),
    address,
    folder: text,
    table: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'must be a table name of letters, digits and _')
      .default(DEFAULTS.table),
    labels: z.record(z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/), z.string().max(63)).default({}),
    region: text.max(63).optional(),
    lockTimeoutMs: z.int().min(1).max(MOST_MS).default(DEFAULTS.lockTimeoutMs),
    statementTimeoutMs: z.int().min(0).max(MOST_MS).default(DEFAULTS.statementTimeoutMs),
    rehearse: z.strictObject({ address: z.union(Object.values(kept), { error: ADDRESS }) }).optional(),
    schedule: z.string().refine(isCron, 'must be five fields of cron, such as "0 3 * * *", in UTC').optional(),
    policy: z
      .strictObject({
        late: z.enum(['warn', 'error', 'apply']).optional(),
        edited: reaction.optional(),
        missing: reaction.optional(),
      })
      .optional(),
  })
  .refine(({ kind, address }) => (kind === 'firestore') === 'firestore' in address, {
    path: ['address'],
    error:
      'must be {"firestore": {"project": "...", "database": "..."}}, both optional, for firestore and for it alone',
  })
  .refine(({ kind, address }) => kind === 'sqlite' || !('path' in address), {
    path: ['address'],
    error: 'must be {"variable": "..."} or {"file": "..."}; {"path": "..."} is for sqlite',
  })
  .refine(({ kind, address }) => kind === 'postgres' || kind === 'mysql' || !('cloudSql' in address), {
    path: ['address'],
    error: '{"cloudSql": {...}} is for postgres and mysql',
  });

const schema = z.strictObject({ targets: z.array(target).min(1) }).superRefine(({ targets }, { addIssue }) => {
  for (const [place, { name }] of targets.entries())
    if (targets.findIndex((other) => other.name === name) < place)
      addIssue({ code: 'custom', path: ['targets', place, 'name'], message: 'is there twice' });
});

/** The targets, paths made absolute from the file's folder; or every problem with its target and field, without what stands there. */
export function parseTargets(given: unknown, file: string): { targets: Target[] } | { problems: string[] } {
  const read = schema.safeParse(given);
  if (!read.success)
    return {
      problems: read.error.issues.flatMap((issue) => ofTheForm(issue, given)).map((issue) => told(issue, given)),
    };
  const from = (path: string) => resolve(dirname(file), path);
  const targets = read.data.targets.map(({ address, folder, region, schedule, policy, rehearse, ...rest }) => ({
    ...rest,
    ...(region !== undefined && { region }),
    ...(schedule !== undefined && { schedule }),
    ...(policy && { policy: policy as Policy }),
    ...(rehearse && { rehearse: { address: keptIn(rehearse.address, from) } }),
    address: reference(address, from),
    folder: from(folder),
  }));
  const problems = sharedFiles(targets);
  return problems.length > 0 ? { problems } : { targets };
}

/** A stamp is of its whole file, so two targets of one would take each other's tables for their own. Where the address is a reference, only the database could tell. */
function sharedFiles(targets: readonly Target[]): string[] {
  const owners = new Map<string, string>();
  return targets.flatMap(({ name, address }) => {
    if (address.from !== 'path' || address.path === ':memory:') return [];
    const owner = owners.get(address.path);
    if (owner === undefined) owners.set(address.path, name);
    return owner === undefined
      ? []
      : [
          `target ${name}, address.path: is the file of target ${owner}, and on SQLite each target needs one of its own`,
        ];
  });
}

function reference(given: z.infer<typeof address>, from: (path: string) => string): AddressRef {
  if ('cloudSql' in given) {
    const { iam: _, password, ...rest } = given.cloudSql;
    return { from: 'cloud-sql', ...rest, password: password ? keptIn(password, from) : 'iam' };
  }
  if ('variable' in given || 'file' in given || 'secret' in given) return keptIn(given, from);
  if ('firestore' in given) {
    const { project, database } = given.firestore;
    return { from: 'firestore', database, ...(project !== undefined && { project }) };
  }
  return { from: 'path', path: given.path === ':memory:' ? given.path : from(given.path) };
}

function keptIn(given: z.infer<(typeof kept)[keyof typeof kept]>, from: (path: string) => string): SecretRef {
  if ('variable' in given) return { from: 'variable', name: given.variable };
  if ('file' in given) return { from: 'file', path: from(given.file) };
  return {
    from: 'secret',
    name: given.secret.includes('/versions/') ? given.secret : `${given.secret}/versions/latest`,
  };
}

/** Where one of several forms was meant, as its keys tell, what is wrong with that one. */
function ofTheForm(issue: z.core.$ZodIssue, given: unknown): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const value = issue.path.reduce<unknown>(
    (inside, key) => (Object(inside) as Record<PropertyKey, unknown>)[key],
    given,
  );
  const [meant, ...more] = issue.errors.filter((problems) =>
    problems.every(({ path }) => path[0] !== undefined && path[0] in (Object(value) as object)),
  );
  if (!meant || more.length > 0) return [issue];
  return meant.flatMap((inner) => ofTheForm({ ...inner, path: [...issue.path, ...inner.path] }, given));
}

function told({ path, message }: z.core.$ZodIssue, given: unknown): string {
  const [list, place, ...field] = path;
  if (list !== 'targets' || typeof place !== 'number') return `${path.join('.') || 'the file'}: ${message}`;
  const name = (given as { targets: { name?: unknown }[] }).targets[place]?.name;
  const called = typeof name === 'string' && name.length <= 63 ? name : `number ${place + 1}`;
  return `target ${called}${field.length > 0 ? `, ${field.join('.')}` : ''}: ${message}`;
}

/** The file that HAWKER_DATABASES names: `{"targets": [{"name": "shop", "kind": "postgres", "address": {"variable": "SHOP_DATABASE_URL"}, "folder": "shop"}]}`. */
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { type AddressRef, DEFAULTS, KINDS, type Target } from './target.ts';

const MOST_MS = 2 ** 31 - 1;
const ADDRESS =
  'must be {"variable": "..."} or {"file": "..."}: the address itself, which may hold a password, does not belong here';

const text = z.string().min(1);
/** Two ways at once, or none, are as wrong as the address itself. */
const address = z.union(
  [
    z.strictObject({ variable: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }),
    z.strictObject({ file: text }),
    z.strictObject({ path: text }),
  ],
  { error: ADDRESS },
);

const reaction = z.enum(['warn', 'refuse']).default('warn');

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
    policy: z.strictObject({ late: reaction, edited: reaction }).optional(),
  })
  .refine(({ kind, address }) => kind === 'sqlite' || !('path' in address), {
    path: ['address'],
    error: 'must be {"variable": "..."} or {"file": "..."}; {"path": "..."} is for sqlite',
  });

const schema = z.strictObject({ targets: z.array(target).min(1) }).superRefine(({ targets }, { addIssue }) => {
  for (const [place, { name }] of targets.entries())
    if (targets.findIndex((other) => other.name === name) < place)
      addIssue({ code: 'custom', path: ['targets', place, 'name'], message: 'is there twice' });
});

/** The targets, paths made absolute from the file's folder; or every problem with its target and field, without what stands there. */
export function parseTargets(given: unknown, file: string): { targets: Target[] } | { problems: string[] } {
  const read = schema.safeParse(given);
  if (!read.success) return { problems: read.error.issues.map((issue) => told(issue, given)) };
  const from = (path: string) => resolve(dirname(file), path);
  return {
    targets: read.data.targets.map(({ address, folder, region, policy, ...rest }) => ({
      ...rest,
      ...(region !== undefined && { region }),
      ...(policy && { policy }),
      address: reference(address, from),
      folder: from(folder),
    })),
  };
}

function reference(given: z.infer<typeof address>, from: (path: string) => string): AddressRef {
  if ('variable' in given) return { from: 'variable', name: given.variable };
  if ('file' in given) return { from: 'file', path: from(given.file) };
  return { from: 'path', path: given.path === ':memory:' ? given.path : from(given.path) };
}

function told({ path, message }: z.core.$ZodIssue, given: unknown): string {
  const [list, place, ...field] = path;
  if (list !== 'targets' || typeof place !== 'number') return `${path.join('.') || 'the file'}: ${message}`;
  const name = (given as { targets: { name?: unknown }[] }).targets[place]?.name;
  const called = typeof name === 'string' && name.length <= 63 ? name : `number ${place + 1}`;
  return `target ${called}${field.length > 0 ? `, ${field.join('.')}` : ''}: ${message}`;
}

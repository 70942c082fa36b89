/** Checking a part of a request against its schema, with every offence named by its place. */
import type * as z from 'zod';
import { AppError, type FieldError } from '../errors.ts';
import { inPlainWords } from './plain-words.ts';

/** How a path into the checked value is written: `/tags/0` in a body, `?limit` in the query, `{host}` in the path. */
export type Place = (path: readonly PropertyKey[]) => string;

export const inBody: Place = (path) =>
  path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
export const inQuery: Place = (path) => `?${String(path[0] ?? '')}`;
export const inPath: Place = (path) => `{${String(path[0] ?? '')}}`;

/** Offences that are named; of a large body that is nothing but offences, naming all would make an answer many times its size. */
export const MOST_NAMED = 100;

/** The parsed value. Throws `invalid` with every offence up to MOST_NAMED, unknown fields among them. */
export async function validate<T extends z.ZodType>(schema: T, value: unknown, place: Place): Promise<z.output<T>> {
  const result = await schema.safeParseAsync(value, { error: inPlainWords });
  if (result.success) return result.data;
  const { issues } = result.error;
  const all = issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);
  const errors = issues
    .slice(0, MOST_NAMED)
    .flatMap((issue) => offences(issue, place))
    .slice(0, MOST_NAMED);
  const [first] = errors;
  const where = first?.pointer ? `${first.pointer}: ` : '';
  const more = all > 1 ? `, and ${all - 1} more` : '';
  throw new AppError('invalid', `${where}${first?.detail ?? 'not valid'}${more}`, { errors });
}

function offences(issue: z.core.$ZodIssue, place: Place): FieldError[] {
  if (issue.code !== 'unrecognized_keys') return [{ pointer: place(issue.path), detail: issue.message }];
  return issue.keys
    .slice(0, MOST_NAMED)
    .map((key) => ({ pointer: place([...issue.path, key]), detail: 'There is no such field' }));
}

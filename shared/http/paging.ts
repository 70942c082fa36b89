/** Lists: a limit, and a cursor that callers pass back without looking into it. */
import * as z from 'zod';
import { AppError } from '../errors.ts';

/** The two query parameters of every list. */
export const pagingQuery = {
  limit: z.coerce.number().int().min(1).max(500).default(50).describe('Most items in one answer'),
  cursor: z.string().optional().describe('`nextCursor` of the answer before'),
};

/** The schema of a list's answer. A page may hold fewer items than asked for, or none, and still have a next one. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().optional() });

export function encodeCursor(after: string): string {
  return Buffer.from(after, 'utf8').toString('base64url');
}

/** The id to go on after; undefined without a cursor. Throws `invalid` for anything that this list, whose ids start with `prefix`, cannot have given. */
export function decodeCursor(cursor: string | undefined, prefix: string): string | undefined {
  if (cursor === undefined) return undefined;
  const after = Buffer.from(cursor, 'base64url').toString('utf8');
  if (after === '' || !after.startsWith(prefix) || encodeCursor(after) !== cursor)
    throw new AppError('invalid', 'The cursor is not one of this list', {
      errors: [{ pointer: '?cursor', detail: 'must be the nextCursor of an answer of the same list' }],
    });
  return after;
}

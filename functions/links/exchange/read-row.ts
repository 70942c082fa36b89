/** One link as CSV or JSON Lines give it. */
import type * as z from 'zod';
import type { Link } from '#shared/links/records.ts';
import { type Draft, linkRow, type Place, type Problem } from './draft.ts';
import { resolveTarget } from './resolve-target.ts';

/** What these formats say of a link, in the order of their columns. Its id and its times belong to the link's own life and stay behind. */
export const FIELDS = [
  'slug',
  'match',
  'target',
  'status',
  'query',
  'queryAllow',
  'rest',
  'validFrom',
  'validUntil',
  'clickLimit',
  'tags',
  'note',
] as const satisfies (keyof Link)[];
export type Field = (typeof FIELDS)[number];

export function readRow(value: unknown, place: Place, base: string | undefined): Draft | Problem {
  const { success, data: row, error } = linkRow.safeParse(value);
  if (!success) return { ...place, reason: error.issues.map((issue) => reasonOf(issue, value)).join('; ') };
  const target = resolveTarget(row.target, base);
  return 'reason' in target ? { ...place, reason: target.reason } : { ...place, row: { ...row, target: target.url } };
}

/** In words that follow the line they are about: `has no target`. */
function reasonOf(issue: z.core.$ZodIssue, value: unknown): string {
  const [field, index] = issue.path;
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${key} is no field of a link`).join('; ');
  if (field === undefined) return 'is no link';
  const given = (value as Record<PropertyKey, unknown>)[field];
  if (given === undefined || given === null || given === '') return `has no ${String(field)}`;
  return typeof index === 'number'
    ? `${String(field)}, item ${index + 1}: ${issue.message}`
    : `${String(field)} ${issue.message}`;
}

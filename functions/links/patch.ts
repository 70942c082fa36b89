/** JSON Merge Patch (RFC 7396) on what people decide about a link. */
import type * as z from 'zod';
import type { Link } from '#shared/links/records.ts';
import { DEFAULT_QUERY, type linkPatch } from './schema.ts';
import type { LinkFields } from './writer.ts';

type Patch = Omit<z.output<typeof linkPatch>, 'slug' | 'match'>;

/** `null` removes a field; those that every link has go back to their default. */
export function patched(current: Link, patch: Patch): LinkFields {
  const { id, host, slug, match, createdAt, updatedAt, ...fields } = current;
  const said = Object.entries({ ...fields, ...patch }).filter(([, value]) => value !== null);
  const kept = Object.fromEntries<unknown>(said) as Partial<LinkFields>;
  return { target: current.target, query: DEFAULT_QUERY, tags: [], ...kept };
}

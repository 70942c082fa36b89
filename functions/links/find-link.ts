/** Finding one of the links of a slug, and showing links. */
import type * as z from 'zod';
import { AppError, isAppError } from '#shared/errors.ts';
import { type Domain, type Link, type LinkUses, linkDocId, type Match } from '#shared/links/records.ts';
import { parseSlug, slugPath } from '#shared/links/slug.ts';
import type { Doc, Store } from '#shared/store/store.ts';
import { at } from './judgement.ts';
import type { linkAnswer } from './schema.ts';

interface Found {
  /** The one that `doc` has, or would have. */
  match: Match;
  doc: Doc<Link> | undefined;
  /** Throws `invalid` unless this spelling, where one is given, is of the same slug. */
  requireSame(slug: string | undefined): void;
}

/** For reading: the exact link, without one the prefix one, or the one that is asked for. Throws `not_found` for a domain that is none. */
export function findLink(store: Store, host: string, slug: string, match: Match | undefined): Promise<Found> {
  return find(store, host, slug, match === undefined ? ['exact', 'prefix'] : [match]);
}

/**
 * For writing: the link that is named, the exact one where nothing says which. Never the other one, since a repeated request would then
 * reach a link that its caller did not mean. Throws `not_found` for a domain that is none, and where `match` is absent and there is only
 * a prefix link.
 */
export async function findNamedLink(
  store: Store,
  host: string,
  slug: string,
  match: Match | undefined,
): Promise<Found> {
  const found = await find(store, host, slug, [match ?? 'exact']);
  if (match !== undefined || found.doc) return found;
  const other = await find(store, host, slug, ['prefix']).catch((error: unknown) => {
    if (isAppError(error, 'invalid')) return undefined;
    throw error;
  });
  if (other?.doc)
    throw new AppError(
      'not_found',
      `There is no exact link ${slug}; there is a prefix link, which ?match=prefix names. ?match=exact speaks of the exact one`,
    );
  return found;
}

async function find(store: Store, host: string, slug: string, matches: readonly Match[]): Promise<Found> {
  const domain = (await store.get<Domain>('domains', host))?.value;
  if (!domain) throw new AppError('not_found', `There is no domain ${host}`);
  const keys = matches.map((one) => at('{slug}', () => parseSlug(slug, domain, one).key));
  const docs = await store.getMany<Link>(
    'links',
    matches.map((one, index) => linkDocId(host, keys[index] ?? '', one)),
  );
  const index = Math.max(
    0,
    docs.findIndex((doc) => doc !== undefined),
  );
  return {
    match: matches[index] ?? 'exact',
    doc: docs[index],
    requireSame(other) {
      if (other === undefined || at('/slug', () => parseSlug(other, domain, matches[index])).key === keys[index])
        return;
      const detail = 'is not the slug in the address, and cannot be changed';
      throw new AppError('invalid', `/slug: ${detail}`, { errors: [{ pointer: '/slug', detail }] });
    },
  };
}

export function requireLink(doc: Doc<Link> | undefined, slug: string): Doc<Link> {
  if (!doc) throw new AppError('not_found', `There is no link ${slug}`);
  return doc;
}

/** Links as they are shown, those with a click limit with their uses. */
export async function answersOf(store: Store, docs: readonly Doc<Link>[]): Promise<z.input<typeof linkAnswer>[]> {
  const limited = docs.filter(({ value }) => value.clickLimit !== undefined).map(({ value }) => value.id);
  const uses = limited.length > 0 ? await store.getMany<LinkUses>('link-uses', limited) : [];
  const used = new Map(limited.map((id, index) => [id, uses[index]?.value.used ?? 0]));
  return docs.map(({ value }) => {
    const count = used.get(value.id);
    return { ...value, path: slugPath(value.slug), ...(count !== undefined && { uses: count }) };
  });
}

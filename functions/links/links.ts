/** Routes of links. A slug may have two, an exact one and a prefix one; where a request names neither, a write means the exact one alone, and reading takes the prefix one where that is all there is. */
import { AppError, isAppError } from '#shared/errors.ts';
import { answerUnlessKnown, etagOf, requireMatch, requireNoMatch } from '#shared/http/etag.ts';
import type { Link, Match } from '#shared/links/records.ts';
import type { Doc } from '#shared/store/store.ts';
import type { Context, Routes } from './context.ts';
import { answersOf, findLink, findNamedLink, requireLink } from './find-link.ts';
import { patched } from './patch.ts';
import {
  domainPath,
  linkAnswer,
  linkBody,
  linkPatch,
  linkPath,
  matchQuery,
  newLinkBody,
  readMatchQuery,
} from './schema.ts';
import type { LinkResult } from './writer.ts';

const ETAG = { ETag: 'Its version, for If-Match' };
const MADE = { about: 'Made', schema: linkAnswer, headers: { ...ETAG, Location: 'Its address' } };
const REFUSALS = ['not_found', 'target_refused', 'redirect_loop', 'conflict'] as const;

/** Characters of a slug that is made up: 191 million slugs, longer once that gets crowded. */
const SLUG_LENGTH = 6;
const TRIES = 8;

export const linkRoutes: Routes = (api, context) => {
  const { store, ids, links } = context;

  api.route(
    {
      method: 'post',
      path: '/v1/domains/:host/links',
      operationId: 'createLink',
      summary: 'Makes a link, with a made-up slug where none is given',
      role: 'editor',
      bound: 'own-host',
      params: domainPath,
      body: newLinkBody,
      answers: { 201: MADE },
      problems: [...REFUSALS, 'already_exists'],
    },
    async ({ params: { host }, body: { slug, match, ...fields } }) => {
      for (let attempt = 1; ; attempt++) {
        const name = slug ?? ids.code(SLUG_LENGTH + Math.floor(attempt / 3));
        const create = (current: Doc<Link> | undefined) => {
          if (current)
            throw new AppError('already_exists', `There is a link ${current.value.slug} already`, {
              errors: [{ pointer: '/slug', detail: 'is taken' }],
            });
          return fields;
        };
        const [result] = await links.saveLinks(host, [{ slug: name, match, edit: create }]);
        const taken = result?.outcome === 'refused' && isAppError(result.error, 'already_exists');
        if (!taken || slug !== undefined || attempt === TRIES) return saved(context, result);
      }
    },
  );

  api.route(
    {
      method: 'put',
      path: '/v1/domains/:host/links/:slug',
      operationId: 'putLink',
      summary: 'Makes a link, or replaces all of it but its counts',
      role: 'editor',
      bound: 'own-host',
      params: linkPath,
      query: matchQuery,
      body: linkBody,
      ifMatch: true,
      ifNoneMatch: true,
      answers: { 200: { about: 'Replaced', schema: linkAnswer, headers: ETAG }, 201: MADE },
      problems: REFUSALS,
    },
    async ({ params: { host, slug }, query, body: { slug: inBody, match, ...fields }, ifMatch, ifNoneMatch }) => {
      const found = await findNamedLink(store, host, slug, oneMatch(query.match, match));
      found.requireSame(inBody);
      const [result] = await links.saveLinks(host, [
        {
          slug,
          match: found.match,
          edit(current) {
            requireMatch(ifMatch, current);
            requireNoMatch(ifNoneMatch, current);
            return fields;
          },
        },
      ]);
      return saved(context, result);
    },
  );

  api.route(
    {
      method: 'patch',
      path: '/v1/domains/:host/links/:slug',
      operationId: 'patchLink',
      summary: 'Changes some fields of a link; null removes one (JSON Merge Patch)',
      role: 'editor',
      bound: 'own-host',
      params: linkPath,
      query: matchQuery,
      body: linkPatch,
      ifMatch: true,
      answers: { 200: { about: 'As it is now', schema: linkAnswer, headers: ETAG } },
      problems: REFUSALS,
    },
    async ({ params: { host, slug }, query, body: { slug: inBody, match, ...patch }, ifMatch }) => {
      const found = await findNamedLink(store, host, slug, query.match);
      found.requireSame(inBody);
      if (match !== undefined && match !== found.match) throw fixed('match');
      const [result] = await links.saveLinks(host, [
        {
          slug,
          match: found.match,
          edit(current) {
            requireMatch(ifMatch, requireLink(current, slug));
            return patched(requireLink(current, slug).value, patch);
          },
        },
      ]);
      return saved(context, result);
    },
  );

  api.route(
    {
      method: 'get',
      path: '/v1/domains/:host/links/:slug',
      operationId: 'getLink',
      summary: 'One link',
      role: 'viewer',
      bound: 'own-host',
      params: linkPath,
      query: readMatchQuery,
      ifNoneMatch: true,
      answers: { 200: { about: 'The link', schema: linkAnswer, headers: ETAG } },
      problems: ['not_found'],
    },
    async ({ params: { host, slug }, query, ifNoneMatch }) => {
      const doc = requireLink((await findLink(store, host, slug, query.match)).doc, slug);
      const [answer] = await answersOf(store, [doc]);
      // Uses are counted apart and make no new version of the link.
      const known = doc.value.clickLimit === undefined ? ifNoneMatch : undefined;
      return answerUnlessKnown(known, doc.version, answer);
    },
  );

  api.route(
    {
      method: 'delete',
      path: '/v1/domains/:host/links/:slug',
      operationId: 'deleteLink',
      summary: 'Removes a link',
      role: 'editor',
      bound: 'own-host',
      params: linkPath,
      query: matchQuery,
      ifMatch: true,
      answers: { 204: { about: 'Removed' } },
      problems: ['not_found', 'redirect_loop', 'conflict'],
    },
    async ({ params: { host, slug }, query, ifMatch }) => {
      const { match } = await findNamedLink(store, host, slug, query.match);
      const [result] = await links.saveLinks(host, [
        {
          slug,
          match,
          edit(current) {
            requireMatch(ifMatch, requireLink(current, slug));
            return undefined;
          },
        },
      ]);
      if (result?.outcome === 'refused') throw result.error;
      return new Response(null, { status: 204 });
    },
  );
};

/** The answer to a write of one link. Throws what refused it. */
async function saved({ store, prefix }: Context, result: LinkResult | undefined): Promise<Response> {
  if (result?.outcome === 'refused') throw result.error;
  if (!result || result.outcome === 'removed') throw new AppError('internal', 'A write of a link gave no link');
  const { outcome, doc } = result;
  const { host, slug, match } = doc.value;
  const query = match === 'prefix' ? '?match=prefix' : '';
  const location = `${prefix}/v1/domains/${host}/links/${encodeURIComponent(slug)}${query}`;
  const [answer] = await answersOf(store, [doc]);
  return Response.json(answer, {
    status: outcome === 'created' ? 201 : 200,
    headers: { ETag: etagOf(doc.version), ...(outcome === 'created' && { Location: location }) },
  });
}

function oneMatch(query: Match | undefined, body: Match | undefined): Match | undefined {
  if (query !== undefined && body !== undefined && query !== body) throw fixed('match');
  return query ?? body;
}

function fixed(field: string): AppError {
  const detail = 'cannot be changed; make another link';
  return new AppError('invalid', `/${field}: ${detail}`, { errors: [{ pointer: `/${field}`, detail }] });
}

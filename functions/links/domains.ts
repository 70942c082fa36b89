/** Routes of domains. */

import * as z from 'zod';
import { AppError } from '#shared/errors.ts';
import { consoleHosts } from '#shared/http/console-hosts.ts';
import { etagOf, requireMatch, requireNoMatch } from '#shared/http/etag.ts';
import { decodeCursor, encodeCursor, pagingQuery } from '#shared/http/paging.ts';
import type { Domain, DomainState } from '#shared/links/records.ts';
import type { Doc } from '#shared/store/store.ts';
import type { Routes } from './context.ts';
import { domainAnswer, domainBody, domainPage, domainPath } from './schema.ts';

const ETAG = { ETag: 'Its version, for If-Match' };

export const domainRoutes: Routes = (api, { config, store, domains, prefix }) => {
  const taken = consoleHosts(config);
  const addressOf = (host: string) => `${prefix}/v1/domains/${host}`;

  const withCounts = async (docs: readonly Doc<Domain>[]) => {
    const states = await store.getMany<DomainState>(
      'domain-state',
      docs.map(({ id }) => id),
    );
    return docs.map(({ value }, index) => answerOf(value, states[index]?.value.links ?? 0));
  };

  api.route(
    {
      method: 'get',
      path: '/v1/domains',
      operationId: 'listDomains',
      summary: 'All domains, in the order of their names',
      role: 'viewer',
      bound: 'handled',
      query: z.strictObject(pagingQuery),
      answers: { 200: { about: 'Domains', schema: domainPage } },
    },
    async ({ query, caller }) => {
      if (caller.host !== undefined) {
        const own = await store.get<Domain>('domains', caller.host);
        return Response.json({ items: await withCounts(own ? [own] : []) });
      }
      const after = decodeCursor(query.cursor, '');
      const { docs, next } = await store.list<Domain>('domains', { limit: query.limit, ...(after && { after }) });
      return Response.json({ items: await withCounts(docs), ...(next && { nextCursor: encodeCursor(next) }) });
    },
  );

  api.route(
    {
      method: 'put',
      path: '/v1/domains/:host',
      operationId: 'putDomain',
      summary: 'Makes a domain, or replaces its settings',
      about:
        'What the body leaves out takes its default. A key that is bound to a domain can change that one and make none.',
      role: 'admin',
      bound: 'own-host',
      params: domainPath,
      body: domainBody,
      ifMatch: true,
      ifNoneMatch: true,
      answers: {
        200: { about: 'Replaced', schema: domainAnswer, headers: ETAG },
        201: { about: 'Made', schema: domainAnswer, headers: { ...ETAG, Location: 'Its address' } },
      },
      problems: ['target_refused', 'redirect_loop', 'domain_not_empty', 'conflict'],
    },
    async ({ params: { host }, body, caller, ifMatch, ifNoneMatch }) => {
      if (taken.has(host)) throw servesConsole();
      const { created, doc, links } = await domains.save(host, body, (current) => {
        requireMatch(ifMatch, current);
        requireNoMatch(ifNoneMatch, current);
        if (!current && caller.host !== undefined)
          throw new AppError('forbidden', 'Making a domain needs admin credentials that are not bound to one');
      });
      return Response.json(answerOf(doc.value, links), {
        status: created ? 201 : 200,
        headers: { ETag: etagOf(doc.version), ...(created && { Location: addressOf(host) }) },
      });
    },
  );

  api.route(
    {
      method: 'get',
      path: '/v1/domains/:host',
      operationId: 'getDomain',
      summary: 'One domain',
      role: 'viewer',
      bound: 'own-host',
      params: domainPath,
      answers: { 200: { about: 'The domain', schema: domainAnswer, headers: ETAG } },
      problems: ['not_found'],
    },
    async ({ params: { host } }) => {
      const doc = await store.get<Domain>('domains', host);
      if (!doc) throw new AppError('not_found', `There is no domain ${host}`);
      return Response.json((await withCounts([doc]))[0], { headers: { ETag: etagOf(doc.version) } });
    },
  );

  api.route(
    {
      method: 'delete',
      path: '/v1/domains/:host',
      operationId: 'deleteDomain',
      summary: 'Removes a domain that has no links',
      role: 'admin',
      params: domainPath,
      ifMatch: true,
      answers: { 204: { about: 'Removed' } },
      problems: ['not_found', 'domain_not_empty', 'conflict'],
    },
    async ({ params: { host }, ifMatch }) => {
      await domains.remove(host, (current) => requireMatch(ifMatch, current));
      return new Response(null, { status: 204 });
    },
  );
};

function answerOf(domain: Domain, links: number): z.input<typeof domainAnswer> {
  return { ...domain, links };
}

function servesConsole(): AppError {
  const detail = 'serves the console, and no visitor would reach a domain there';
  return new AppError('invalid', `{host}: ${detail}`, { errors: [{ pointer: '{host}', detail }] });
}

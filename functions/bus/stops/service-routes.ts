/** The routes about services: all of them in short, and one with its stops. */
import type { Network } from '#shared/bus/lists.ts';
import { compareServices } from '#shared/bus/natural-order.ts';
import { AppError } from '#shared/errors.ts';
import type { Api } from '#shared/http/api.ts';
import { decodeCursor, encodeCursor } from '#shared/http/paging.ts';
import { listAnswer, listMeta } from '../answer.ts';
import type { Context } from '../context.ts';
import { describeService, summariesOf } from './describe-service.ts';
import { routesMissing } from './known-stops.ts';
import { servicePath, servicesQuery } from './schema.ts';

/** What cursors of this list begin with. */
const CURSOR = 'service:';

export function serviceRoutes(api: Api, { lists, calendar, clock }: Context): void {
  api.route(
    {
      method: 'get',
      path: '/v2/services',
      operationId: 'listServices',
      summary: 'All services in natural order of their numbers: 2, 10, 10e, 225G',
      role: 'anyone',
      query: servicesQuery,
      ifNoneMatch: true,
      answers: { 200: { about: 'Services', schema: async () => (await import('./answers.ts')).servicesAnswer } },
    },
    async ({ query: { limit, cursor, q }, ifNoneMatch }) => {
      const network = await lists.current();
      const last = decodeCursor(cursor, CURSOR)?.slice(CURSOR.length);
      // By number and not by place: the lists may have changed between two pages.
      const rest = summariesOf(network, q).filter(
        ({ service }) => last === undefined || compareServices(service, last) > 0,
      );
      const items = rest.slice(0, limit);
      const end = items.at(-1);
      const note = listsMissing(network);
      return listAnswer(
        network,
        {
          items,
          ...(end && rest.length > limit && { nextCursor: encodeCursor(CURSOR + end.service) }),
          meta: listMeta(network, clock),
          ...(note && { note }),
        },
        { ifNoneMatch },
      );
    },
  );

  api.route(
    {
      method: 'get',
      path: '/v2/services/:number',
      operationId: 'getService',
      summary: 'One service: its stops in each direction, with first and last buses',
      role: 'anyone',
      params: servicePath,
      ifNoneMatch: true,
      answers: { 200: { about: 'The service', schema: async () => (await import('./answers.ts')).serviceAnswer } },
      problems: ['not_found'],
    },
    async ({ params: { number }, ifNoneMatch }) => {
      const network = await lists.current();
      const detail = describeService(network, number, calendar, clock.now());
      if (!detail) {
        const why = listsMissing(network);
        throw new AppError('not_found', `There is no service ${number}${why ? `: ${why}` : ''}`);
      }
      const note = routesMissing(network);
      return listAnswer(
        network,
        { ...detail, meta: listMeta(network, clock), ...(note && { note }) },
        { ifNoneMatch, also: detail.serviceDay.date },
      );
    },
  );
}

/** Why a service may be missing that is there; undefined where one of LTA's own lists would have it. */
function listsMissing({ sources }: Network): string | undefined {
  const source = sources.services ?? sources.routes;
  if (!source) return 'Neither the list of services nor the routes are loaded here';
  return source.from === 'sample' ? 'only a small sample of invented services is loaded here' : undefined;
}

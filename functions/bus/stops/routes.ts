/** The routes about stops: find them, and what calls at one. */

import { boardStop } from '#shared/bus/make-board.ts';
import type { Api } from '#shared/http/api.ts';
import { listAnswer, listMeta } from '../answer.ts';
import type { Context } from '../context.ts';
import { stopPath } from '../schema.ts';
import { callsAtStop } from './describe-stop.ts';
import { directRoutes } from './direct-routes.ts';
import { DEFAULT_RADIUS, findStops } from './find-stops.ts';
import { knownStops, routesMissing } from './known-stops.ts';
import type { Position } from './nearest.ts';
import { stopsQuery } from './schema.ts';
import { serviceRoutes } from './service-routes.ts';

export function stopRoutes(api: Api, context: Context): void {
  const { lists, calendar, clock } = context;

  api.route(
    {
      method: 'get',
      path: '/v2/stops',
      operationId: 'findStops',
      summary: 'Stops near a position, or by code, name and road',
      about:
        "With `near` the nearest first. With `q` the best match first: the code, the name, the road, then what differs by a typo; abbreviations mean what they stand for, so that `serangoon garden` finds S'goon Gdn. With both, equal matches by distance.",
      role: 'anyone',
      query: stopsQuery,
      ifNoneMatch: true,
      answers: {
        200: { about: 'Stops, perhaps none', schema: async () => (await import('./answers.ts')).stopsAnswer },
      },
    },
    async ({ query: { near, radius, q, limit }, ifNoneMatch }) => {
      const network = await lists.current();
      const items = await findStops(network, {
        limit,
        ...(near && { near }),
        ...(radius !== undefined && { radius }),
        ...(q !== undefined && { q }),
      });
      const note = items.length === 0 ? whyNone(near, q, radius) : undefined;
      return listAnswer(network, { items, meta: listMeta(network, clock), ...(note && { note }) }, { ifNoneMatch });
    },
  );

  api.route(
    {
      method: 'get',
      path: '/v2/stops/:code',
      operationId: 'getStop',
      summary: 'One stop, and what calls there: where it goes, first and last bus, and whether it runs now',
      about: 'From the lists alone. The next buses are under `/arrivals`.',
      role: 'anyone',
      params: stopPath,
      ifNoneMatch: true,
      answers: { 200: { about: 'The stop', schema: async () => (await import('./answers.ts')).stopAnswer } },
      problems: ['not_found'],
    },
    async ({ params: { code }, ifNoneMatch }) => {
      const { network, stops } = await knownStops(lists, { code, pointer: '{code}' });
      const now = clock.now();
      const services = callsAtStop(network, code, calendar, now);
      const serviceDay = calendar.day(now);
      const note = routesMissing(network);
      const body = { stop: boardStop(code, stops[0]), serviceDay, services, meta: listMeta(network, clock) };
      const answer = listAnswer(
        network,
        { ...body, ...(note && { note }) },
        { ifNoneMatch, also: [serviceDay.date, ...services.map(({ operating }) => operating)].join('.') },
      );
      // Whether a service runs changes from one minute to the next.
      answer.headers.set('Cache-Control', 'public, max-age=30');
      return answer;
    },
  );

  serviceRoutes(api, context);
  directRoutes(api, context);
}

function whyNone(near: Position | undefined, q: string | undefined, radius: number | undefined): string {
  if (near && !inSingapore(near)) return 'This position is not in Singapore';
  if (q === undefined) return `There is no stop within ${radius ?? DEFAULT_RADIUS} m`;
  return radius === undefined ? 'No stop has any of these words' : `No stop within ${radius} m has any of these words`;
}

/** The island and its neighbours, as far as buses go, and some sea. */
function inSingapore({ lat, lon }: Position): boolean {
  return lat >= 1.13 && lat <= 1.5 && lon >= 103.55 && lon <= 104.15;
}

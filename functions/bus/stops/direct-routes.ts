/** The route that tells which buses go from one stop to another without a change. */
import type { Board, Meta } from '#shared/bus/board.ts';
import type { Network } from '#shared/bus/lists.ts';
import { boardStop } from '#shared/bus/make-board.ts';
import { AppError, isAppError } from '#shared/errors.ts';
import type { Api } from '#shared/http/api.ts';
import type { FeedRefusal } from '#shared/lta/lta.ts';
import { boardHeaders, listMeta } from '../answer.ts';
import type { Context } from '../context.ts';
import { unlessHungUp } from '../hung-up.ts';
import { named } from './describe-stop.ts';
import { compareRides, findRides, type NextBuses, nextBuses, type Ride, rideKm } from './direct.ts';
import { knownStops, routesMissing } from './known-stops.ts';
import { directQuery } from './schema.ts';

/** The board where the rides begin, or why there is none. */
type Told = { board: Board } | { upstream: Meta['upstream']; reason: string };

export function directRoutes(api: Api, context: Context): void {
  const { lists, boards, clock } = context;

  api.route(
    {
      method: 'get',
      path: '/v2/direct',
      operationId: 'findDirect',
      summary: 'Services that go from one stop to another without a change, with their next buses',
      about:
        'The rides come from the lists, so they are told as well where LTA does not answer: then without buses, `meta.upstream` says why.',
      role: 'anyone',
      query: directQuery,
      answers: {
        200: { about: 'Rides, perhaps none', schema: async () => (await import('./answers.ts')).directAnswer },
      },
      problems: ['not_found'],
    },
    async ({ query, c }) => {
      if (query.from === query.to)
        throw new AppError('invalid', 'Both stops are the same', {
          errors: [{ pointer: '?to', detail: 'must be another stop than ?from' }],
        });
      const { network, stops } = await knownStops(
        lists,
        { code: query.from, pointer: '?from' },
        { code: query.to, pointer: '?to' },
      );
      const ends = { from: boardStop(query.from, stops[0]), to: boardStop(query.to, stops[1]) };
      const rides = findRides(network, query.from, query.to);
      if (rides.length === 0) {
        const note = routesMissing(network) ?? 'No service goes there without a change';
        return Response.json({ ...ends, items: [], meta: listMeta(network, clock), note });
      }
      return unlessHungUp(c.req.raw.signal, async (signal) => {
        const told = await boardOf(boards.read(query.from, signal));
        const meta = 'board' in told ? told.board.meta : { ...listMeta(network, clock), upstream: told.upstream };
        const items = rides
          .map((ride) => ({ ...ride, ...busesOf(ride, told) }))
          .sort(compareRides)
          .map((ride) => answerOf(network, ride));
        return Response.json({ ...ends, items, meta }, { headers: boardHeaders(meta) });
      });
    },
  );
}

/** What hinders the feed hinders no ride; anything else does. */
async function boardOf(reading: Promise<Board>): Promise<Told> {
  try {
    return { board: await reading };
  } catch (error) {
    if (isAppError(error, 'not_configured'))
      return { upstream: { status: 'none' }, reason: 'LTA is not asked here: its key is not set' };
    if (!isAppError(error, 'unavailable')) throw error;
    const { feedTrouble } = error as FeedRefusal;
    return {
      upstream: { status: 'failing', ...feedTrouble },
      reason: 'LTA does not tell the next buses at the moment',
    };
  }
}

function busesOf(ride: Ride, told: Told): NextBuses {
  return 'board' in told ? nextBuses(ride, told.board.services) : { buses: [], status: 'unknown', reason: told.reason };
}

function answerOf(network: Network, ride: Ride & NextBuses) {
  const { route, board, alight, visit, buses, status, reason } = ride;
  const place = (index: number) => {
    const { code = '', sequence = 0 } = route.stops[index] ?? {};
    return { ...named(network, code), sequence };
  };
  return {
    service: route.service,
    operator: route.operator || null,
    direction: route.direction,
    visit,
    destination: named(network, route.destination),
    from: place(board),
    to: place(alight),
    stops: alight - board,
    distanceKm: rideKm(ride),
    status,
    reason,
    buses,
  };
}

/** The buses of one stop for readers of GTFS-Realtime. */
import { hash } from 'node:crypto';
import type { Api } from '#shared/http/api.ts';
import { boardHeaders, notModified } from './answer.ts';
import type { Context } from './context.ts';
import { createFollowedBuses } from './followed-buses.ts';
import { encodeFeed, feedOf } from './gtfs-feed.ts';
import { unlessHungUp } from './hung-up.ts';
import { gtfsQuery } from './schema.ts';

const TYPE = 'application/x-protobuf';

export function gtfsRoutes(api: Api, context: Context): void {
  const followed = createFollowedBuses(context.clock);

  api.route(
    {
      method: 'get',
      path: '/v2/gtfs-rt',
      operationId: 'getGtfsRealtime',
      summary: 'Trip updates and vehicle positions of a stop as GTFS-Realtime 2.0',
      about:
        "A full dataset whose timestamp is when LTA answered. Route and stop ids are LTA's service numbers and stop codes. LTA gives buses no names: `trip_id` lasts while this process can follow the bus from one answer to the next. Trips are `ADDED`, since there is no GTFS schedule of these buses. Only buses that are told from their own position are vehicles.",
      role: 'anyone',
      query: gtfsQuery,
      ifNoneMatch: true,
      answers: {
        200: {
          about: 'A FeedMessage',
          schema: async () => (await import('./answers.ts')).gtfsAnswer,
          type: TYPE,
          headers: { 'Last-Modified': 'When LTA answered' },
        },
      },
      problems: ['not_found', 'not_configured'],
    },
    async ({ query: { stop, format }, c }) =>
      unlessHungUp(c.req.raw.signal, async (signal) => {
        const board = await context.boards.read(stop, signal);
        const feed = feedOf(board, (row) => followed.follow(stop, row));
        const json = format === 'json';
        const bytes = json ? new TextEncoder().encode(JSON.stringify(feed)) : await encodeFeed(feed);
        // Weak for JSON, which may be compressed on its way.
        const etag = `${json ? 'W/' : ''}"${hash('sha1', bytes, 'hex')}"`;
        const headers = { ...boardHeaders(board.meta), ETag: etag };
        if (notModified(c.req.raw.headers, headers)) return new Response(null, { status: 304, headers });
        return new Response(new Uint8Array(bytes), {
          headers: { ...headers, 'Content-Type': json ? 'application/json' : TYPE },
        });
      }),
  );
}

/**
 * bus: tells the next buses at any stop in Singapore, how sure that is and how old; with a page.
 *
 * Trigger: http, for anyone.
 * Input: addresses as `/openapi.json` describes them; JSON only where an alert is made.
 * Store: reads bus-lists and bus-alerts-told, writes bus-alerts, push-keys and idempotency.
 * Idempotency: everything that reads by nature; alerts as `alert-routes.ts` says, and by `Idempotency-Key` for 24 hours.
 * Failures: without LTA an answer up to STALE_MS old that says so, then 503 with Retry-After. Without a key the demo stops alone. One failing stop fails no other.
 *   A stream tells of trouble and goes on.
 */

import { createLists } from '#shared/bus/lists-reader.ts';
import { createBoards } from '#shared/bus/open-boards.ts';
import { createCalendar } from '#shared/bus/singapore-calendar.ts';
import { defineFunction } from '#shared/define.ts';
import { AppError } from '#shared/errors.ts';
import { createApi } from '#shared/http/api.ts';
import { createApp } from '#shared/http/app.ts';
import { createIdempotency } from '#shared/http/idempotency.ts';
import { alertRoutes } from './alert-routes.ts';
import { compressJson, openToAnyOrigin } from './answer.ts';
import { arrivalRoutes } from './arrivals.ts';
import { compactRoutes } from './compact.ts';
import type { Context } from './context.ts';
import { gtfsRoutes } from './gtfs-rt.ts';
import { pageRoutes } from './page/routes.ts';
import { statusRoutes } from './status.ts';
import { stopRoutes } from './stops/routes.ts';
import { streamRoutes } from './stream.ts';

export default defineFunction((runtime) => {
  const lists = createLists(runtime);
  const calendar = createCalendar(runtime.config.HAWKER_SG_HOLIDAYS);
  const boards = createBoards({ ...runtime, lists, calendar });
  const context: Context = { ...runtime, lists, calendar, boards };

  const app = createApp(runtime);
  app.use('/v2/*', openToAnyOrigin, compressJson);
  app.use('/api/*', openToAnyOrigin);
  app.use('/openapi.json', openToAnyOrigin, compressJson);
  const api = createApi({
    app,
    title: 'Hawker bus',
    about:
      'The next buses at any stop in Singapore. Every JSON answer about stops, services and buses says in `meta` where it comes from and how old it is. Errors are problem+json with a stable `code`. Contains information from LTA DataMall.',
    prefix: runtime.prefix,
    authenticate: () => Promise.reject(new AppError('unauthenticated', 'Nothing here takes credentials')),
    idempotency: createIdempotency(runtime),
  });
  arrivalRoutes(api, context);
  const streams = streamRoutes(api, context);
  statusRoutes(api, context, streams);
  gtfsRoutes(api, context);
  stopRoutes(api, context);
  alertRoutes(api, context);
  compactRoutes(app, context);
  pageRoutes(app, context);
  return { kind: 'http', fetch: (request) => app.fetch(request), endStreams: streams.end };
});

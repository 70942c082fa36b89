/** The route of a link's figures. */
import * as z from 'zod';
import { MATCHES } from '#shared/links/records.ts';
import { BREAKDOWNS, readStatistics } from '#shared/links/statistics.ts';
import type { Routes } from './context.ts';
import { findLink, requireLink } from './find-link.ts';
import { linkPath, readMatchQuery } from './schema.ts';

const DAY_MS = 24 * 3_600_000;
/** Days shown where none are asked for, today included. */
const DAYS = { hour: 2, other: 30 };

const counts = { all: z.int(), human: z.int(), unique: z.int() };
const statistics = z
  .object({
    from: z.string(),
    to: z.string(),
    match: z.enum(MATCHES).describe("Whose figures they are, the exact link's or the prefix link's"),
    by: z.enum(BREAKDOWNS),
    total: z.object(counts),
    items: z.array(z.object({ key: z.string(), ...counts })),
  })
  .meta({ id: 'Statistics' });

const day = z.string().describe('A day in UTC, YYYY-MM-DD');
const statsQuery = readMatchQuery.extend({
  from: day.optional(),
  to: day.optional().describe('The last day, included; today without it'),
  by: z.enum(BREAKDOWNS).default('day'),
});

export const statsRoutes: Routes = (api, { store, clock }) => {
  api.route(
    {
      method: 'get',
      path: '/v1/domains/:host/links/:slug/stats',
      operationId: 'getStatistics',
      summary: 'Hits of a link: all, by people, and by people seen for the first time that day',
      about: `Without from: the last ${DAYS.other} days, ${DAYS.hour} by hour. Figures are some seconds old; those of a link that was removed go with it.`,
      role: 'viewer',
      bound: 'own-host',
      params: linkPath,
      query: statsQuery,
      answers: { 200: { about: 'The figures', schema: statistics } },
      problems: ['not_found'],
    },
    async ({ params: { host, slug }, query: { match, by, from, to } }) => {
      const { value } = requireLink((await findLink(store, host, slug, match)).doc, slug);
      const last = to ?? dayOf(clock.now());
      const span = (by === 'hour' ? DAYS.hour : DAYS.other) - 1;
      const first = from ?? dayOf((Date.parse(last) || clock.now()) - span * DAY_MS);
      const figures = await readStatistics(store, value.id, { from: first, to: last }, by);
      return Response.json({ ...figures, match: value.match });
    },
  );
};

const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);

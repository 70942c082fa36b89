/** The next buses at one stop, as JSON or as lines of text. */
import { adviseToLeave } from '#shared/bus/advise.ts';
import type { Board, BoardRow } from '#shared/bus/board.ts';
import { AppError } from '#shared/errors.ts';
import type { Api } from '#shared/http/api.ts';
import { boardHeaders, qualityOf } from './answer.ts';
import type { Context } from './context.ts';
import { unlessHungUp } from './hung-up.ts';
import { arrivalsQuery, stopPath } from './schema.ts';
import { boardText } from './text.ts';

export function arrivalRoutes(api: Api, context: Context): void {
  api.route(
    {
      method: 'get',
      path: '/v2/stops/:code/arrivals',
      operationId: 'getArrivals',
      summary: 'The next buses at a stop, with where that is known from and how old it is',
      about:
        'A service that calls here and has no bus is in the list, and says why. With `walk` or `lead` the answer says when to leave. Whoever prefers `text/plain` gets one line for each row.',
      role: 'anyone',
      params: stopPath,
      query: arrivalsQuery,
      answers: {
        200: {
          about: 'The board of the stop',
          schema: async () => (await import('./answers.ts')).arrivalsAnswer,
          type: 'text/plain',
          headers: { 'X-Data-Age': 'Whole seconds since LTA answered', 'Last-Modified': 'When LTA answered' },
        },
      },
      problems: ['not_found', 'not_configured'],
    },
    async ({ params: { code }, query: { service, walk, lead, format }, c }) =>
      unlessHungUp(c.req.raw.signal, async (signal) => {
        const board = await context.boards.read(code, signal);
        const services = await rowsOf(context, board, service);
        const asked = walk !== undefined || lead !== undefined;
        const now = Date.parse(board.meta.now);
        const leave = asked ? adviseToLeave({ rows: services, walk: walk ?? 0, lead: lead ?? 0, now }) : undefined;
        const headers = { ...boardHeaders(board.meta), Vary: 'Accept' };
        const shown = { ...board, services };
        if (!wantsText(format, c.req.header('Accept')))
          return Response.json({ ...shown, ...(leave && { leave }) }, { headers });
        return new Response(boardText(shown, leave), {
          headers: { ...headers, 'Content-Type': 'text/plain; charset=utf-8' },
        });
      }),
  );
}

/** The rows of one service, or all. Throws `not_found` where the lists know what calls at the stop, and this does not. */
export async function rowsOf(
  { lists }: Pick<Context, 'lists'>,
  { stop, services, meta }: Board,
  service: string | undefined,
): Promise<BoardRow[]> {
  if (service === undefined) return services;
  const rows = services.filter((row) => row.service.toUpperCase() === service);
  if (rows.length > 0) return rows;
  // Without lists nobody can tell; the demo is told whole.
  const calls = (await lists.current().catch(() => undefined))?.callsAt(stop.code) ?? [];
  const known = meta.source === 'demo' || calls.length > 0;
  if (known && !calls.some(({ route }) => route.service.toUpperCase() === service))
    throw new AppError('not_found', `Service ${service} does not call at stop ${stop.code}`);
  return [];
}

function wantsText(format: 'json' | 'text' | undefined, accept: string | undefined): boolean {
  if (format !== undefined) return format === 'text';
  if (accept === undefined) return false;
  const text = qualityOf(accept, ['text/plain', 'text/*', '*/*']);
  return text > qualityOf(accept, ['application/json', 'application/*', '*/*']);
}

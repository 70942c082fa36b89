/** For whoever runs it: which lists are loaded, how LTA is doing, and how much of its budget is left. */
import type { Api } from '#shared/http/api.ts';
import { listMeta } from './answer.ts';
import type { Context } from './context.ts';
import type { Streams } from './stream.ts';

export function statusRoutes(api: Api, { lists, lta, clock }: Context, streams: Streams): void {
  api.route(
    {
      method: 'get',
      path: '/v2/status',
      operationId: 'getStatus',
      summary: 'Which lists are loaded, how LTA is doing, and how much of its budget is left',
      about: 'Nothing is asked of LTA for it.',
      role: 'anyone',
      answers: {
        200: {
          about: 'The state of the process that answers',
          schema: async () => (await import('./status-answer.ts')).statusAnswer,
        },
      },
    },
    async () => {
      const [network, { feed }] = await Promise.all([lists.current(), lta()]);
      return Response.json({
        meta: listMeta(network, clock),
        lists: network.sources,
        lta: feed?.state() ?? null,
        streams: streams.count,
      });
    },
  );
}

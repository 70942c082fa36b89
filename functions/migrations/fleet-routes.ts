/** All databases at a glance. */
import type { Api } from '#shared/http/api.ts';
import type { RouteParts } from './handler.ts';
import { fleetQuery } from './rollout-schema.ts';

export function fleetRoutes(api: Api, { databases, targets, clock, errorTold }: RouteParts): void {
  api.route(
    {
      method: 'get',
      path: '/v1/fleet',
      operationId: 'getFleet',
      summary: 'All databases at a glance: which is at which version, and whether equal versions have equal schemas',
      about: 'Each is asked. One that does not answer has an `error` instead, and holds nobody up.',
      role: 'viewer',
      query: fleetQuery,
      answers: { 200: { about: 'The fleet', schema: async () => (await import('./rollout-answers.ts')).fleetAnswer } },
      problems: ['not_configured'],
    },
    async ({ query }) => {
      const { fleetReport } = await import('./fleet-report.ts');
      const asked = {
        databases,
        clock,
        errorTold,
        targets: await targets(),
        fingerprints: query.fingerprints === 'true',
      };
      return Response.json(await fleetReport(asked));
    },
  );
}

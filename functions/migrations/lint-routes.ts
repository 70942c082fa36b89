/** What is dangerous in files that are deployed, or that are to be. */
import type { Api } from '#shared/http/api.ts';
import type { RouteParts } from './handler.ts';
import { lintBody, lintQuery, MOST_BYTES, MOST_OF_ONE } from './lint-schema.ts';
import { lintTold } from './lint-told.ts';
import { targetPath } from './schema.ts';

export function lintRoutes(api: Api, { databases, targetOf }: RouteParts): void {
  api.route(
    {
      method: 'post',
      path: '/v1/targets/:name/lint',
      operationId: 'lint',
      summary: 'What is dangerous or wrong in the files of a database, place by place',
      about:
        'Nothing is run. A file that has more than 500,000 characters is for the command line. The database is asked only which versions no `up` would run; where it does not answer, that is left out.',
      role: 'viewer',
      params: targetPath,
      query: lintQuery,
      body: lintBody,
      maxBytes: MOST_BYTES,
      answers: {
        200: {
          about: 'Findings; with `format=sarif` as SARIF',
          schema: async () => (await import('./lint-answers.ts')).lintAnswer,
        },
      },
      problems: ['not_found', 'not_configured'],
    },
    async ({ params: { name }, query: { format }, body }) => {
      const target = await targetOf(name);
      const { lintTarget } = await import('#shared/migrations/lint/lint-target.ts');
      const told = lintTold(await lintTarget(target, databases, { files: body?.files, most: MOST_OF_ONE }));
      if (format === 'json') return Response.json(told);
      const { sarifOf } = await import('#shared/migrations/lint/sarif.ts');
      return Response.json(sarifOf(told.findings), { headers: { 'Content-Type': 'application/sarif+json' } });
    },
  );
}

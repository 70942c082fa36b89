/** Rehearsals: it takes this process's own processor and memory, so there is one at a time, and for a while only. */
import { AppError } from '#shared/errors.ts';
import type { Api } from '#shared/http/api.ts';
import type { RouteParts } from './handler.ts';
import { rehearsalTold } from './rehearse-told.ts';
import { ASKING, targetPath } from './schema.ts';

/** Below the 55 seconds within which every request is answered, with time to tidy up. */
const MOST_MS = 50_000;
const RETRY = { 'Retry-After': '10' };

export function rehearseRoutes(api: Api, { rehearse, targetOf, clock }: RouteParts): void {
  let busy = false;
  api.route(
    {
      method: 'post',
      path: '/v1/targets/:name/rehearse',
      operationId: 'rehearse',
      summary: 'Runs all migrations of a database on an empty one that is thrown away: up, down and up again',
      about:
        'The database itself is not touched. One at a time, and at most 50 seconds; longer ones are for the command line.',
      role: 'admin',
      params: targetPath,
      answers: {
        200: {
          about: 'The rehearsal, problems included',
          schema: async () => (await import('./rehearse-answers.ts')).rehearsalAnswer,
        },
      },
      problems: [...ASKING, 'migration_refused', 'too_many_requests'],
    },
    async ({ params: { name } }) => {
      const target = await targetOf(name);
      if (busy) throw new AppError('too_many_requests', 'Another rehearsal is going on here', { headers: RETRY });
      busy = true;
      const late = new AbortController();
      const answered = new AbortController();
      clock.sleep(MOST_MS, answered.signal).then(
        () => late.abort(tooLong(name)),
        () => {},
      );
      try {
        return Response.json(rehearsalTold(name, await rehearse(target, late.signal)));
      } finally {
        answered.abort();
        busy = false;
      }
    },
  );
}

function tooLong(name: string): AppError {
  const command = `npm run migrate -- rehearse --target ${name}`;
  return new AppError('unavailable', `The rehearsal was not through within ${MOST_MS / 1_000} s; run it by ${command}`);
}

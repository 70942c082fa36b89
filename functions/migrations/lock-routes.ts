/** Whether files and database agree, and who holds what: the lease is taken away where somebody says so, a session of the database never. */
import { isAppError } from '#shared/errors.ts';
import type { Api } from '#shared/http/api.ts';
import { leaseName } from '#shared/migrations/look.ts';
import type { RouteParts } from './handler.ts';
import { ASKING, targetPath, unlockBody } from './schema.ts';
import { driftTold, holderTold } from './told.ts';
import { stateTold, versionTold } from './versions.ts';

export function lockRoutes(api: Api, { databases, leases, targetOf, errorTold }: RouteParts): void {
  api.route(
    {
      method: 'get',
      path: '/v1/targets/:name/verify',
      operationId: 'verifyTarget',
      summary: 'Whether files, history and version of a database agree',
      role: 'viewer',
      params: targetPath,
      answers: { 200: { about: 'What was found', schema: async () => (await import('./answers.ts')).verifyAnswer } },
      problems: ASKING,
    },
    async ({ params: { name } }) => {
      await targetOf(name);
      const { drift, state, historyAt, ok } = await databases.verify(name);
      return Response.json({
        ...{ target: name, ok, ...stateTold(state), drift: driftTold(drift) },
        ...(historyAt !== undefined && { historyAt: versionTold(historyAt ?? undefined) }),
      });
    },
  );

  api.route(
    {
      method: 'post',
      path: '/v1/targets/:name/unlock',
      operationId: 'unlockTarget',
      summary: 'Takes the lease of a database away from whoever runs there, and tells who holds its lock',
      about:
        'A session of the database that holds the lock is not ended: `endBy` is the SQL that does. Whoever had the lease writes nothing more, since the fence refuses it once the next one leads.',
      role: 'admin',
      params: targetPath,
      body: unlockBody,
      answers: { 200: { about: 'Who held what', schema: async () => (await import('./answers.ts')).unlockAnswer } },
      problems: ['not_found', 'not_configured', 'conflict'],
    },
    async ({ params: { name }, body: { reason }, caller }) => {
      await targetOf(name);
      const opened = await leases();
      const held = await opened.observe(leaseName(name));
      const broken = held?.holder !== undefined;
      // Before the database is asked, which takes a while or does not answer: by then it may be somebody else's.
      if (broken) await opened.break(held.name, reason, caller.id);
      const looked = await databases.status(name).catch((error: unknown) => {
        if (isAppError(error)) return { error: errorTold(name, error), holders: [] };
        throw error;
      });
      const holder = holderTold(held, looked.holders);
      return Response.json({
        ...{ target: name, broken, ...(holder && { holder }) },
        ...('error' in looked && { error: looked.error }),
      });
    },
  );
}

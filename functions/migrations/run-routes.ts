/** Runs: asked for, followed, cancelled, paused and resumed. */
import { createHash } from 'node:crypto';
import { AppError } from '#shared/errors.ts';
import type { Api, Received } from '#shared/http/api.ts';
import { decodeCursor, encodeCursor } from '#shared/http/paging.ts';
import { noteRun } from '#shared/migrations/observed-run.ts';
import { hasEnded } from '#shared/migrations/run-records.ts';
import type { RouteParts } from './handler.ts';
import { readCommand } from './read-command.ts';
import { ASKING, listQuery, REFUSALS, runBody, runPath, targetPath } from './schema.ts';
import { resumeRun, startRun } from './start-run.ts';
import { planTold, runTold } from './told.ts';

const inBody = (field: string) => `/${field}`;

export function runRoutes(api: Api, parts: RouteParts): void {
  const { databases, runs, rollouts, ids, prefix, targetOf } = parts;

  /** The same for the same request under one idempotency key, so that a repetition after a crash goes on with its run; never the same for two requests. */
  const runIdOf = ({ caller, params, bytes, c }: Received<{ name: string }, unknown, unknown>): string => {
    const key = c.req.header('Idempotency-Key');
    if (key === undefined) return ids.unique();
    const request = createHash('sha256').update(bytes).digest('base64url');
    const named = JSON.stringify([caller.id, key, params.name, request]);
    return createHash('sha256').update(named).digest('base64url').slice(0, 24);
  };

  api.route(
    {
      method: 'post',
      path: '/v1/targets/:name/runs',
      operationId: 'startRun',
      summary: 'Runs a command against a database: answers at once where to ask how far it is',
      about: 'One runs at a time for each database; others wait for it as long as `lockTimeoutMs` lets them.',
      role: 'admin',
      params: targetPath,
      body: runBody,
      answers: {
        200: { about: 'Of a dry run: the plan', schema: async () => (await import('./answers.ts')).planAnswer },
        202: {
          about: 'The run',
          headers: { Location: 'Where to ask how far it is' },
          schema: async () => (await import('./answers.ts')).runAnswer,
        },
      },
      problems: [...ASKING, ...REFUSALS, 'conflict', 'storage_full'],
    },
    async (received) => {
      const { params, body, caller, c } = received;
      const command = readCommand(body, inBody);
      const { name } = await targetOf(params.name);
      if (body.dryRun) return Response.json(planTold(body.command, await databases.plan(name, command)));
      const { lockTimeoutMs, maxCostUsd } = body;
      const asked = {
        ...{ target: name, command, by: caller.id },
        ...(lockTimeoutMs !== undefined && { lockTimeoutMs }),
        ...(maxCostUsd !== undefined && { maxCostUsd }),
      };
      const repeatable = c.req.header('Idempotency-Key') !== undefined;
      const id = runIdOf(received);
      const record = await startRun(parts, asked, { id, repeatable });
      return Response.json(runTold(id, record), { status: 202, headers: { Location: `${prefix}/v1/runs/${id}` } });
    },
  );

  api.route(
    {
      method: 'get',
      path: '/v1/targets/:name/runs',
      operationId: 'listRuns',
      summary: 'What was asked for of a database, the newest first',
      role: 'viewer',
      params: targetPath,
      query: listQuery,
      answers: { 200: { about: 'Runs', schema: async () => (await import('./answers.ts')).runPage } },
      problems: ['not_found', 'not_configured'],
    },
    async ({ params: { name }, query: { limit, cursor } }) => {
      const after = decodeCursor(cursor, '');
      await targetOf(name);
      const { items, next } = await runs.list(name, { limit, ...(after !== undefined && { after }) });
      return Response.json({
        items: items.map(({ id, record }) => runTold(id, record)),
        ...(next !== undefined && { nextCursor: encodeCursor(next) }),
      });
    },
  );

  api.route(
    {
      method: 'get',
      path: '/v1/runs/:run',
      operationId: 'getRun',
      summary: 'How far a run is, step by step, and what it waits for',
      role: 'viewer',
      params: runPath,
      answers: { 200: { about: 'The run', schema: async () => (await import('./answers.ts')).runAnswer } },
      problems: ['not_found'],
    },
    async ({ params: { run } }) => {
      const found = await runs.get(run);
      if (!found) throw noSuchRun(run);
      return Response.json(runTold(run, found));
    },
  );

  api.route(
    {
      method: 'post',
      path: '/v1/runs/:run/cancel',
      operationId: 'cancelRun',
      summary: 'Cancels a run: at once where nobody has begun, otherwise before its next step',
      about:
        'The step under way is not cut off, but for one in pages, which stops behind one of them and which the next run goes on with. Asked again, or after its end, it changes nothing and answers the run.',
      role: 'admin',
      params: runPath,
      answers: { 200: { about: 'The run', schema: async () => (await import('./answers.ts')).runAnswer } },
      problems: ['not_found', 'conflict'],
    },
    async ({ params: { run } }) => {
      const found = await runs.cancel(run);
      if (!found) throw noSuchRun(run);
      noteRun(run, found);
      // Of one that was paused no message comes any more.
      if (found.rollout !== undefined && hasEnded(found)) await rollouts.advance(found.rollout);
      return Response.json(runTold(run, found));
    },
  );

  api.route(
    {
      method: 'post',
      path: '/v1/runs/:run/pause',
      operationId: 'pauseRun',
      summary: 'Pauses a run: at once where nobody has begun, otherwise before its next step or page',
      about:
        'Nobody holds anything for a paused run. Asked again, or after its end, it changes nothing and answers the run.',
      role: 'admin',
      params: runPath,
      answers: { 200: { about: 'The run', schema: async () => (await import('./answers.ts')).runAnswer } },
      problems: ['not_found', 'conflict'],
    },
    async ({ params: { run } }) => {
      const found = await runs.pause(run);
      if (!found) throw noSuchRun(run);
      noteRun(run, found);
      return Response.json(runTold(run, found));
    },
  );

  api.route(
    {
      method: 'post',
      path: '/v1/runs/:run/resume',
      operationId: 'resumeRun',
      summary: 'Has a paused run go on where it stopped',
      about:
        'It is safe to repeat. Of a run that is not paused it takes back that it is to be, and changes nothing else.',
      role: 'admin',
      params: runPath,
      answers: { 200: { about: 'The run', schema: async () => (await import('./answers.ts')).runAnswer } },
      problems: ['not_found', 'conflict', 'unavailable'],
    },
    async ({ params: { run } }) => {
      const found = await resumeRun(parts, run);
      if (!found) throw noSuchRun(run);
      return Response.json(runTold(run, found));
    },
  );
}

function noSuchRun(run: string): AppError {
  return new AppError('not_found', `There is no run ${run}, or none any more`);
}

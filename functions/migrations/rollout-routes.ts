/** Rollouts: asked for, followed, approved, cancelled. */
import { createHash } from 'node:crypto';
import { AppError, isAppError } from '#shared/errors.ts';
import type { Api, Received } from '#shared/http/api.ts';
import { decodeCursor, encodeCursor } from '#shared/http/paging.ts';
import type { RolloutCommand } from '#shared/migrations/rollout/rollout.ts';
import { fallIntoWaves } from '#shared/migrations/rollout/waves.ts';
import { note } from '#shared/telemetry/scope.ts';
import type { RouteParts } from './handler.ts';
import { readCommand } from './read-command.ts';
import { approveBody, MOST_BYTES, rolloutBody, rolloutPath, rolloutsQuery } from './rollout-schema.ts';
import { rolloutListed, rolloutTold, wavesTold } from './rollout-told.ts';

const inBody = (field: string) => `/${field}`;
const answer = async () => (await import('./rollout-answers.ts')).rolloutAnswer;

export function rolloutRoutes(api: Api, { rollouts, runs, ids, targets, prefix, log }: RouteParts): void {
  /** The same for the same request under one idempotency key, so that a repetition after a crash goes on with its rollout. */
  const idOf = ({ caller, bytes, c }: Received<unknown, unknown, unknown>): string => {
    const key = c.req.header('Idempotency-Key');
    if (key === undefined) return ids.unique();
    const request = createHash('sha256').update(bytes).digest('base64url');
    const named = JSON.stringify(['rollout', caller.id, key, request]);
    return createHash('sha256').update(named).digest('base64url').slice(0, 24);
  };

  api.route(
    {
      method: 'post',
      path: '/v1/rollouts',
      operationId: 'startRollout',
      summary: 'Runs a command against many databases, wave after wave',
      about:
        'It stops once more than `errorBudget` of them have failed: those under way go on to their end, and no other is begun.',
      role: 'admin',
      body: rolloutBody,
      maxBytes: MOST_BYTES,
      answers: {
        200: {
          about: 'Of a dry run: which targets fall into which wave',
          schema: async () => (await import('./rollout-answers.ts')).rolloutPlan,
        },
        202: { about: 'The rollout', headers: { Location: 'Where to ask how far it is' }, schema: answer },
      },
      problems: ['not_configured', 'conflict', 'unavailable', 'storage_full'],
    },
    async (received) => {
      const { body, caller, c } = received;
      const command = readCommand(body, inBody) as RolloutCommand;
      const fallen = fallIntoWaves(await targets(), body.waves);
      if (body.dryRun) return Response.json(wavesTold(body.command, fallen));
      const { parallel, errorBudget, lockTimeoutMs, maxCostUsd } = body;
      const asked = {
        ...{ command, waves: fallen.waves, parallel, errorBudget, by: caller.id },
        ...(lockTimeoutMs !== undefined && { lockTimeoutMs }),
        ...(maxCostUsd !== undefined && { maxCostUsd }),
      };
      const id = idOf(received);
      note({ rollout: id });
      try {
        const { record } = await rollouts.create(asked, id);
        const headers = { Location: `${prefix}/v1/rollouts/${id}` };
        return Response.json(await rolloutTold(id, record, runs), { status: 202, headers });
      } catch (error) {
        // Nobody can ask for this one again, so it is not to go on behind their back.
        if (c.req.header('Idempotency-Key') === undefined)
          await rollouts.cancel(id, caller.id).catch((failure: unknown) => {
            log.warn('a rollout that could not be begun could not be cancelled', { rollout: id, error: failure });
          });
        if (isAppError(error)) throw error;
        throw new AppError('unavailable', 'The rollout could not be begun', { cause: error });
      }
    },
  );

  api.route(
    {
      method: 'get',
      path: '/v1/rollouts',
      operationId: 'listRollouts',
      summary: 'Rollouts, the newest first, without their targets',
      role: 'viewer',
      query: rolloutsQuery,
      answers: { 200: { about: 'Rollouts', schema: async () => (await import('./rollout-answers.ts')).rolloutPage } },
    },
    async ({ query: { limit, cursor } }) => {
      const after = decodeCursor(cursor, 'all|');
      const { items, next } = await rollouts.list({ limit, ...(after !== undefined && { after }) });
      return Response.json({
        items: items.map(({ id, record }) => rolloutListed(id, record)),
        ...(next !== undefined && { nextCursor: encodeCursor(next) }),
      });
    },
  );

  api.route(
    {
      method: 'get',
      path: '/v1/rollouts/:rollout',
      operationId: 'getRollout',
      summary: 'How far a rollout is: its waves, and of each target how its run stands',
      role: 'viewer',
      params: rolloutPath,
      answers: { 200: { about: 'The rollout', schema: answer } },
      problems: ['not_found'],
    },
    async ({ params: { rollout } }) => Response.json(await rolloutTold(rollout, await rollouts.get(rollout), runs)),
  );

  api.route(
    {
      method: 'post',
      path: '/v1/rollouts/:rollout/cancel',
      operationId: 'cancelRollout',
      summary: 'Begins no more targets, and cancels the runs under way before their next steps',
      about:
        'It is `cancelled` when they have ended. Asked again, or after its end, it changes nothing and answers the rollout.',
      role: 'admin',
      params: rolloutPath,
      answers: { 200: { about: 'The rollout', schema: answer } },
      problems: ['not_found', 'conflict'],
    },
    async ({ params: { rollout }, caller }) => {
      note({ rollout });
      return Response.json(await rolloutTold(rollout, await rollouts.cancel(rollout, caller.id), runs));
    },
  );

  api.route(
    {
      method: 'post',
      path: '/v1/rollouts/:rollout/approve',
      operationId: 'approveRollout',
      summary: 'Lets the wave begin before which the rollout waits',
      about: 'Of a wave that was approved before it changes nothing, and sees to it that the rollout goes on.',
      role: 'admin',
      params: rolloutPath,
      body: approveBody,
      answers: { 200: { about: 'The rollout', schema: answer } },
      problems: ['not_found', 'conflict', 'precondition_failed', 'unavailable'],
    },
    async ({ params: { rollout }, body: { wave }, caller }) => {
      note({ rollout });
      return Response.json(await rolloutTold(rollout, await rollouts.approve(rollout, wave, caller.id), runs));
    },
  );
}

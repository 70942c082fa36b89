/** The routes: how far each database is, what a command would do, doing it, what has become of it, what took effect. */
import { createHash } from 'node:crypto';
import type { Clock } from '#shared/clock.ts';
import { AppError } from '#shared/errors.ts';
import type { Api, Received } from '#shared/http/api.ts';
import { decodeCursor, encodeCursor } from '#shared/http/paging.ts';
import type { Ids } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Look } from '#shared/migrations/look.ts';
import type { Target } from '#shared/migrations/target.ts';
import { askEach } from './ask-each.ts';
import { readCommand } from './read-command.ts';
import { historyQuery, listQuery, planQuery, runBody, runPath, targetPath } from './schema.ts';
import { type StartParts, startRun } from './start-run.ts';
import { driftTold, historyTold, holderTold, lookedTold, planTold, runTold, targetTold } from './told.ts';

export interface MigrationsParts extends StartParts {
  databases: Pick<Look, 'targets' | 'status' | 'plan' | 'history'>;
  ids: Ids;
  clock: Clock;
  log: Log;
  /** Where the app is reached from outside, without a trailing slash. */
  prefix: string;
}

/** So that an answer which names them stays one that people read. */
const MOST_NAMED = 20;
const ASKING = ['not_found', 'not_configured', 'unavailable'] as const;
const REFUSALS = ['migration_dirty', 'migration_refused'] as const;

const inBody = (field: string) => `/${field}`;
const inQuery = (field: string) => `?${field}`;

export function migrationsRoutes(api: Api, parts: MigrationsParts): void {
  const { databases, runs, ids, clock, log, prefix } = parts;

  const targets = async () => (await databases.targets()).toSorted((a, b) => (a.name < b.name ? -1 : 1));

  const targetOf = async (name: string): Promise<Target> => {
    const all = await targets();
    const found = all.find((target) => target.name === name);
    if (found) return found;
    const names = all.slice(0, MOST_NAMED).map((target) => target.name);
    const more = all.length > MOST_NAMED ? ` and ${all.length - MOST_NAMED} more` : '';
    const there = all.length === 0 ? 'there are none' : `there are ${names.join(', ')}${more}`;
    throw new AppError('not_found', `There is no target ${name}; ${there}`);
  };

  /** The same for the same request under one idempotency key, so that a repetition after a crash goes on with its run; never the same for two requests. */
  const runIdOf = ({ caller, params, bytes, c }: Received<{ name: string }, unknown, unknown>): string => {
    const key = c.req.header('Idempotency-Key');
    if (key === undefined) return ids.unique();
    const request = createHash('sha256').update(bytes).digest('base64url');
    const named = JSON.stringify([caller.id, key, params.name, request]);
    return createHash('sha256').update(named).digest('base64url').slice(0, 24);
  };

  /** What the driver says of a failure is for people who may see the code's errors; anything unforeseen is for the log alone. */
  const errorTold = (target: string, error: unknown) => {
    if (error instanceof AppError) return { code: error.code, detail: error.message };
    log.error('a target could not be looked at', { target, error });
    return { code: 'internal', detail: 'Something went wrong here' };
  };

  api.route(
    {
      method: 'get',
      path: '/v1/targets',
      operationId: 'listTargets',
      summary: 'All databases in the order of their names, each with its version and what is pending',
      about: 'Each is asked. One that does not answer has an `error` instead, and holds nobody up.',
      role: 'viewer',
      query: listQuery,
      answers: { 200: { about: 'Targets', schema: async () => (await import('./answers.ts')).targetPage } },
      problems: ['not_configured'],
    },
    async ({ query: { limit, cursor } }) => {
      const after = decodeCursor(cursor, '') ?? '';
      const left = (await targets()).filter(({ name }) => name > after);
      const page = left.slice(0, limit);
      const outcomes = await askEach(clock, page, ({ name }, signal) => databases.status(name, signal));
      const items = page.map((target, index) => {
        const outcome = outcomes[index];
        const looked =
          outcome && 'found' in outcome ? lookedTold(outcome.found) : { error: errorTold(target.name, outcome?.error) };
        return { ...targetTold(target), ...looked };
      });
      const last = page.at(-1);
      return Response.json({
        items,
        ...(last && left.length > page.length && { nextCursor: encodeCursor(last.name) }),
      });
    },
  );

  api.route(
    {
      method: 'get',
      path: '/v1/targets/:name',
      operationId: 'getTarget',
      summary: 'One database: its version, what is pending, where files and database differ, who is at work',
      role: 'viewer',
      params: targetPath,
      answers: { 200: { about: 'The target', schema: async () => (await import('./answers.ts')).targetAnswer } },
      problems: ASKING,
    },
    async ({ params: { name } }) => {
      const target = await targetOf(name);
      const found = await databases.status(name);
      const holder = holderTold(found.lease, found.holders);
      return Response.json({
        ...targetTold(target),
        ...lookedTold(found),
        drift: driftTold(found.drift),
        ...(holder && { holder }),
      });
    },
  );

  api.route(
    {
      method: 'get',
      path: '/v1/targets/:name/plan',
      operationId: 'planRun',
      summary: 'What a command would do now: its steps in order, with their texts',
      role: 'viewer',
      params: targetPath,
      query: planQuery,
      answers: { 200: { about: 'The plan', schema: async () => (await import('./answers.ts')).planAnswer } },
      problems: [...ASKING, ...REFUSALS],
    },
    async ({ params: { name }, query }) => {
      const command = readCommand(query, inQuery);
      await targetOf(name);
      return Response.json(planTold(query.command, await databases.plan(name, command)));
    },
  );

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
      const asked = { target: name, command, lockTimeoutMs: body.lockTimeoutMs, by: caller.id };
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
      path: '/v1/targets/:name/history',
      operationId: 'getHistory',
      summary: 'What took effect in a database, the newest first',
      about: 'As the database itself has it; what golang-migrate did is not in it.',
      role: 'viewer',
      params: targetPath,
      query: historyQuery,
      answers: { 200: { about: 'History', schema: async () => (await import('./answers.ts')).historyAnswer } },
      problems: ASKING,
    },
    async ({ params: { name }, query: { limit } }) => {
      await targetOf(name);
      return Response.json({ items: (await databases.history(name, limit)).map(historyTold) });
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
        'The step under way is not cut off. Asked again, or after its end, it changes nothing and answers the run.',
      role: 'admin',
      params: runPath,
      answers: { 200: { about: 'The run', schema: async () => (await import('./answers.ts')).runAnswer } },
      problems: ['not_found', 'conflict'],
    },
    async ({ params: { run } }) => {
      const found = await runs.cancel(run);
      if (!found) throw noSuchRun(run);
      return Response.json(runTold(run, found));
    },
  );
}

function noSuchRun(run: string): AppError {
  return new AppError('not_found', `There is no run ${run}, or none any more`);
}

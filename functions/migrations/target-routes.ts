/** How far each database is, what a command would do there, what took effect. */
import type { Api } from '#shared/http/api.ts';
import { requireRole } from '#shared/http/callers.ts';
import { decodeCursor, encodeCursor } from '#shared/http/paging.ts';
import { askEach } from './ask-each.ts';
import type { RouteParts } from './handler.ts';
import { readCommand } from './read-command.ts';
import { ASKING, historyQuery, listQuery, planQuery, REFUSALS, targetPath } from './schema.ts';
import { driftTold, historyTold, holderTold, lookedTold, planTold, targetTold } from './told.ts';

const inQuery = (field: string) => `?${field}`;

export function targetRoutes(api: Api, { databases, targets, targetOf, clock, errorTold }: RouteParts): void {
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
      summary: 'What a command would do now: its steps in order, with their texts, locks and the sizes of their tables',
      about:
        'Nothing is changed. `samples` shows rows of the database and locks them for a moment, so it needs the role admin.',
      role: 'viewer',
      params: targetPath,
      query: planQuery,
      answers: { 200: { about: 'The plan', schema: async () => (await import('./answers.ts')).planAnswer } },
      problems: [...ASKING, ...REFUSALS],
    },
    async ({ params: { name }, query, caller }) => {
      const { samples, ...asked } = query;
      if (samples > 0) requireRole(caller, 'admin');
      const command = readCommand(asked, inQuery);
      await targetOf(name);
      return Response.json(planTold(asked.command, await databases.plan(name, command, undefined, { samples })));
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
}

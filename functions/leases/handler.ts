/** The routes: who leads, since when and why; taking a lease away; the terms of the past. */
import * as z from 'zod';
import type { Runtime } from '#shared/define.ts';
import { AppError } from '#shared/errors.ts';
import type { Api } from '#shared/http/api.ts';
import { decodeCursor, encodeCursor, pagingQuery } from '#shared/http/paging.ts';
import { note } from '#shared/telemetry/scope.ts';
import { breakBody, historyAnswer, historyQuery, leaseAnswer, leaseDetail, leasePage, leasePath } from './schema.ts';

export function leaseRoutes(api: Api, { leases }: Pick<Runtime, 'leases'>): void {
  api.route(
    {
      method: 'get',
      path: '/v1',
      operationId: 'listLeases',
      summary: 'All leases in the order of their names, each with who leads and why',
      role: 'viewer',
      query: z.strictObject(pagingQuery),
      answers: { 200: { about: 'Leases', schema: leasePage } },
    },
    async ({ query: { limit, cursor } }) => {
      const after = decodeCursor(cursor, '');
      const { items, nextCursor } = await (await leases()).list({ limit, ...(after && { cursor: after }) });
      return Response.json({ items, ...(nextCursor && { nextCursor: encodeCursor(nextCursor) }) });
    },
  );

  api.route(
    {
      method: 'get',
      path: '/v1/:name',
      operationId: 'getLease',
      summary: 'One lease: who leads, since when and why',
      about: '`here` tells of the process that answers alone; other instances have contenders of their own.',
      role: 'viewer',
      params: leasePath,
      answers: { 200: { about: 'The lease', schema: leaseDetail } },
      problems: ['not_found'],
    },
    async ({ params: { name } }) => {
      const opened = await leases();
      const found = await opened.observe(name);
      if (!found) throw neverHeld(name);
      const here = opened.here().flatMap(({ name: of, ...report }) => (of === name ? report : []));
      return Response.json({ ...found, here });
    },
  );

  api.route(
    {
      method: 'post',
      path: '/v1/:name/break',
      operationId: 'breakLease',
      summary: 'Takes a lease away from its holder and frees it',
      about:
        'Writes that the holder fences fail from now on. It learns the rest with its next renewal, so two may lead for that long where the work is not fenced.',
      role: 'admin',
      params: leasePath,
      body: breakBody,
      answers: { 200: { about: 'The lease, free', schema: leaseAnswer } },
      problems: ['not_found', 'conflict'],
    },
    async ({ params: { name }, body: { reason }, caller }) => {
      note({ lease: name });
      return Response.json(await (await leases()).break(name, reason, caller.id));
    },
  );

  api.route(
    {
      method: 'get',
      path: '/v1/:name/history',
      operationId: 'getLeaseHistory',
      summary: 'The terms of a lease within 90 days, the newest first',
      role: 'viewer',
      params: leasePath,
      query: historyQuery,
      answers: { 200: { about: 'Terms', schema: historyAnswer } },
      problems: ['not_found'],
    },
    async ({ params: { name }, query: { limit } }) => {
      const opened = await leases();
      const items = await opened.history(name, limit);
      if (items.length === 0 && !(await opened.observe(name))) throw neverHeld(name);
      return Response.json({ items });
    },
  );
}

function neverHeld(name: string): AppError {
  return new AppError('not_found', `Nobody has ever held a lease named ${name}`);
}

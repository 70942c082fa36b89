/** Routes of API keys. */
import * as z from 'zod';
import { AppError } from '#shared/errors.ts';
import { API_KEYS, type ApiKey, createKey } from '#shared/http/api-keys.ts';
import { ROLES } from '#shared/http/callers.ts';
import { decodeCursor, encodeCursor, pageOf, pagingQuery } from '#shared/http/paging.ts';
import type { Routes } from './context.ts';
import { host } from './schema.ts';

const keyBody = z
  .strictObject({
    name: z.string().trim().min(1).max(200).describe('What it is for'),
    role: z.enum(ROLES).describe('viewer reads, editor changes links, admin also handles domains and keys'),
    host: host.exactOptional().describe('The one domain whose things it sees and changes; all without it'),
  })
  .meta({ id: 'NewKey' });

const keyAnswer = z
  .object({ id: z.string(), name: z.string(), role: z.enum(ROLES), host: z.string().optional(), createdAt: z.string() })
  .meta({ id: 'Key' });

const newKeyAnswer = keyAnswer
  .extend({
    key: z.string().optional().describe('Shown in this answer alone, and not where an Idempotency-Key repeats it'),
  })
  .meta({ id: 'MadeKey' });

export const keyRoutes: Routes = (api, { store, ids, clock, prefix }) => {
  api.route(
    {
      method: 'get',
      path: '/v1/keys',
      operationId: 'listKeys',
      summary: 'All API keys, without their secrets',
      role: 'admin',
      query: z.strictObject(pagingQuery),
      answers: { 200: { about: 'Keys', schema: pageOf(keyAnswer) } },
    },
    async ({ query: { limit, cursor } }) => {
      const after = decodeCursor(cursor, '');
      const { docs, next } = await store.list<ApiKey>(API_KEYS, { limit, ...(after && { after }) });
      const items = docs.map(({ id, value }) => answerOf(id, value));
      return Response.json({ items, ...(next && { nextCursor: encodeCursor(next) }) });
    },
  );

  api.route(
    {
      method: 'post',
      path: '/v1/keys',
      operationId: 'createKey',
      summary: 'Makes an API key; its text is shown once',
      role: 'admin',
      body: keyBody,
      shownOnce: ['key'],
      answers: { 201: { about: 'Made', schema: newKeyAnswer, headers: { Location: 'Its address, for DELETE' } } },
    },
    async ({ body }) => {
      const { id, text, key } = await createKey({ store, ids, clock }, body);
      const headers = { Location: `${prefix}/v1/keys/${id}` };
      return Response.json({ ...answerOf(id, key), key: text }, { status: 201, headers });
    },
  );

  api.route(
    {
      method: 'delete',
      path: '/v1/keys/:id',
      operationId: 'deleteKey',
      summary: 'Takes an API key back; it may work for five seconds more',
      role: 'admin',
      params: z.strictObject({ id: z.string().regex(/^[0-9a-z]{1,32}$/) }),
      answers: { 204: { about: 'Taken back' } },
      problems: ['not_found', 'conflict'],
    },
    async ({ params: { id } }) => {
      const found = await store.get<ApiKey>(API_KEYS, id);
      if (!found) throw new AppError('not_found', `There is no key ${id}`);
      await store.delete(API_KEYS, id, found.version);
      return new Response(null, { status: 204 });
    },
  );
};

function answerOf(id: string, { name, role, host, createdAt }: ApiKey): z.output<typeof keyAnswer> {
  return { id, name, role, ...(host !== undefined && { host }), createdAt };
}

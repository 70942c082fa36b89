import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as z from 'zod';
import { isAppError } from '../errors.ts';
import { inBody, validate } from './validate.ts';

const schema = z.strictObject({
  text: z.string(),
  limit: z.coerce.number().int().min(1).max(100),
  kind: z.enum(['a', 'b']),
  only: z.literal(3),
  short: z.string().min(2).max(3),
  list: z.array(z.string()).min(1).max(2),
  whole: z.int(),
  more: z.number().gt(0).lt(1),
  own: z.string('has words of its own'),
});
const GOOD = { text: 't', limit: 1, kind: 'a', only: 3, short: 'ab', list: ['x'], whole: 1, more: 0.5, own: 'o' };

async function words(change: object): Promise<Record<string, string>> {
  const error = await validate(schema, { ...GOOD, ...change }, inBody).catch((reason: unknown) => reason);
  assert.ok(isAppError(error, 'invalid'));
  return Object.fromEntries(error.errors?.map(({ pointer, detail }) => [pointer, detail]) ?? []);
}

it('says what is missing, of the wrong kind, or none of those that are taken', async () => {
  assert.deepEqual(
    await words({ text: undefined, kind: undefined, list: 'x', whole: 1.5, own: 1, limit: 'x', only: 4, more: null }),
    {
      '/text': 'is missing',
      '/kind': 'is missing',
      '/list': 'must be a list',
      '/whole': 'must be a whole number',
      '/own': 'has words of its own',
      '/limit': 'must be a number',
      '/only': 'must be 3',
      '/more': 'must be a number',
    },
  );
  assert.deepEqual(await words({ kind: 'c', text: ['x', 'y'] }), {
    '/kind': 'must be one of a, b',
    '/text': 'must be a text',
  });
});

it('says how small and how large things may be', async () => {
  assert.deepEqual(await words({ limit: '0', short: 'a', list: [], more: 0 }), {
    '/limit': 'must be at least 1',
    '/short': 'must have at least 2 characters',
    '/list': 'must have at least 1 item',
    '/more': 'must be more than 0',
  });
  assert.deepEqual(await words({ limit: '101', short: 'abcd', list: ['', '', ''], more: 1 }), {
    '/limit': 'must be at most 100',
    '/short': 'must have at most 3 characters',
    '/list': 'must have at most 2 items',
    '/more': 'must be less than 1',
  });
});

it('speaks of a whole body alike', async () => {
  await assert.rejects(validate(schema, undefined, inBody), { message: 'is missing' });
  await assert.rejects(validate(schema, [], inBody), { message: 'must be an object' });
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as z from 'zod';
import { isAppError } from '../errors.ts';
import { inBody, MOST_NAMED, validate } from './validate.ts';

const schema = z.strictObject({ a: z.array(z.int()).default([]) });

async function refused(value: unknown) {
  const error = await validate(schema, value, inBody).catch((reason: unknown) => reason);
  assert.ok(isAppError(error, 'invalid'));
  return error;
}

it('names every offence by its place', async () => {
  const { message, errors } = await refused({ a: [1, 'x'], 'b/c': 0, d: 0 });
  assert.deepEqual(
    errors?.map(({ pointer }) => pointer),
    ['/a/1', '/b~1c', '/d'],
  );
  assert.match(message, /^\/a\/1: .+, and 2 more$/);
});

it('names a hundred offences and counts the others, so that the answer is no larger than what was sent', async () => {
  const unknown = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`k${at}`, 0]));
  for (const value of [unknown, { a: Array.from({ length: 1_000 }, () => 'x') }]) {
    const { message, errors } = await refused(value);
    assert.equal(errors?.length, MOST_NAMED);
    assert.match(message, /, and 999 more$/);
  }
});

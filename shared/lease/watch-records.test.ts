import assert from 'node:assert/strict';
import { it } from 'node:test';
import { AppError } from '../errors.ts';
import { dependencies } from '../telemetry/dependencies.ts';
import type { LeaseRecords } from './records.ts';
import { watchRecords } from './watch-records.ts';

it('tells whether what leases are kept in answers: a refusal is an answer too', async () => {
  let answer: () => Promise<undefined> = async () => undefined;
  let now = 0;
  const records = watchRecords({ kind: 'test', read: () => answer() } as unknown as LeaseRecords, () => now);
  const told = () => {
    const { ready, goodAt, reason, error } = dependencies().get('leases') ?? {};
    return [ready, goodAt, reason, error];
  };
  assert.deepEqual(told(), [undefined, undefined, undefined, undefined], 'no lease was used yet');
  await records.read('a');
  assert.deepEqual(told(), [true, 0, undefined, undefined]);
  now = 5;
  answer = () => Promise.reject(new AppError('conflict', 'somebody else was first'));
  await assert.rejects(records.read('a'));
  assert.deepEqual(told(), [true, 5, undefined, undefined]);
  now = 9;
  answer = () => Promise.reject(new AppError('unavailable', 'no answer from 10.0.0.1'));
  await assert.rejects(records.read('a'));
  assert.deepEqual(told(), [...[false, 5, 'the last call to where leases are kept failed'], 'no answer from 10.0.0.1']);
});

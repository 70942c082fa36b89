import assert from 'node:assert/strict';
import { it } from 'node:test';
import { dependencies } from '../telemetry/dependencies.ts';
import { type FeedState, type LtaClient, LtaError } from './lta.ts';
import { watchLta } from './watch.ts';

it('tells from real calls how LTA answers: by the breaker for arrivals, by the last call for pages', async () => {
  let answer: () => Promise<never[]> = async () => [];
  let breaker: FeedState['breaker'] = 'closed';
  const client: LtaClient = { arrivals: () => answer(), page: () => answer() };
  let now = 0;
  const watched = watchLta(client, () => now);
  watched.tellOf({ state: () => ({ breaker }) as FeedState });
  const told = () => {
    const { ready, goodAt, reason, error } = dependencies().get('LTA') ?? {};
    return [ready, goodAt, reason, error];
  };
  assert.deepEqual(told(), [undefined, undefined, undefined, undefined], 'nobody has asked LTA yet');
  now = 7;
  await watched.client.arrivals('83139');
  assert.deepEqual(told(), [true, 7, undefined, undefined]);

  answer = () => Promise.reject(new LtaError('not_found', 'LTA knows no such stop'));
  now = 9;
  await assert.rejects(watched.client.arrivals('00000'));
  assert.deepEqual(told(), [true, 7, undefined, 'not_found: LTA knows no such stop'], 'one stop says little of LTA');
  breaker = 'open';
  assert.deepEqual(told().slice(0, 3), [
    false,
    7,
    'it failed several times and is left alone for a while: LTA knows no such stop',
  ]);
  breaker = 'closed';
  await assert.rejects(watched.client.page('BusStops', 0));
  assert.deepEqual(told().slice(0, 3), [false, 7, 'it fails: LTA knows no such stop']);
  answer = () => Promise.reject(new LtaError('unreachable', 'LTA cannot be reached (ECONNREFUSED)'));
  await assert.rejects(watched.client.page('BusStops', 0));
  assert.equal(told()[2], 'it fails: LTA cannot be reached (ECONNREFUSED)');

  answer = () => Promise.reject(new Error('the caller gave up'));
  await assert.rejects(watched.client.page('BusStops', 0));
  assert.match(String(told()[3]), /^unreachable/, 'which says nothing of LTA');
  answer = async () => [];
  await watched.client.page('BusStops', 0);
  assert.deepEqual(told().slice(0, 2), [true, 9]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../config.ts';
import { systemIds } from '../ids.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { startFakeLta } from '../testing/fake-lta.ts';
import { arrivalBody } from '../testing/fake-lta-replies.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { openLta } from './index.ts';

guardAgainstLeaks();

const given = () => ({ clock: createFakeClock(), ids: systemIds, log: createKeptLog() });

test('without a key there is neither a client nor a feed', () => {
  assert.deepEqual(openLta(loadConfig({}), given()), {});
});

test('with a key, client and feed ask where the settings say, and opening asks nothing', async () => {
  await using lta = await startFakeLta();
  lta.setArrivals('83139', arrivalBody('83139', [{ service: '15' }]));
  const { client, feed } = openLta(loadConfig({ LTA_ACCOUNT_KEY: lta.key, LTA_BASE_URL: `${lta.url}/` }), given());
  assert.equal(lta.calls.length, 0);
  assert.equal((await client?.arrivals('83139'))?.[0]?.service, '15');
  assert.equal((await feed?.read('83139'))?.snapshot.services[0]?.service, '15');
  assert.equal(feed?.state().callsPerMinute, 240);
  assert.equal(lta.calls.length, 2);
});

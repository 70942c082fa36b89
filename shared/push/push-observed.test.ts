/** What is measured and traced of Web Push. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemIds } from '../ids.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { startFakePushService } from '../testing/fake-push-service.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { watchTelemetry } from '../testing/watched-telemetry.ts';
import { createPushKeys } from './keys.ts';
import { createSendPush } from './send.ts';

guardAgainstLeaks();

test('a message is a request to its service, of which nothing but the host is told', async () => {
  using telemetry = await watchTelemetry();
  const clock = createFakeClock();
  await using service = await startFakePushService({ clock });
  const keys = createPushKeys({ store: withShorthands(createMemoryDriver()), ids: systemIds, clock });
  const send = createSendPush({ keys, contact: 'mailto:ops@hawker.test', services: [service.host], clock });
  const target = service.subscribe();
  const message = { target, text: '{}', ttl: 90, topic: 'a-topic' };
  const line = await telemetry.invoke(async () => {
    assert.deepEqual(await send(message), { outcome: 'sent' });
    service.fail({ status: 410 }, 'hang up');
    assert.deepEqual(await send(message), { outcome: 'gone' });
    await assert.rejects(send(message));
  });
  assert.deepEqual(telemetry.series('hawker.upstream.duration'), {
    'push send': 1,
    'push send 410': 1,
    'push send unavailable': 1,
  });
  const [sent] = telemetry.spans.filter(({ name }) => name === 'push.send');
  assert.deepEqual(sent?.attributes, {
    'http.request.method': 'POST',
    'server.address': new URL(target.endpoint).hostname,
    'http.response.status_code': 201,
  });
  assert.equal(line['upstreamError'], 'push.send unavailable');
  const told = JSON.stringify([
    line,
    telemetry.spans.map(({ name, attributes, status }) => [name, attributes, status]),
  ]);
  assert.ok(!told.includes(new URL(target.endpoint).pathname.slice(1)), 'the endpoint is a secret');
});

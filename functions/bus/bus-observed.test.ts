/** What the bus function tells metrics, traces and the line of a request. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrivalBody } from '#shared/testing/fake-lta-replies.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { watchTelemetry } from '#shared/testing/watched-telemetry.ts';
import { type EventReader, readEvents } from './event-reader.ts';
import { createTestBus, type TestBus } from './testing.ts';

guardAgainstLeaks();

const open = async ({ instance }: TestBus, stop: string): Promise<EventReader> =>
  readEvents(await instance.fetch(new Request(`http://bus.example/v2/stops/${stop}/stream`)));

test('open streams are counted while they are open', async () => {
  using telemetry = await watchTelemetry();
  await using bus = await createTestBus({ withoutLta: true });
  const watchers = () => telemetry.series('hawker.bus.watchers');
  assert.deepEqual(watchers(), { '': 0 });
  const both = [await open(bus, '99999'), await open(bus, '99999')];
  for (const events of both) await events.next();
  assert.deepEqual(watchers(), { '': 2 });
  await both[0]?.close();
  assert.deepEqual(watchers(), { '': 1 });
  await both[1]?.close();
  assert.deepEqual(watchers(), { '': 0 });
});

test('what a stream reads for all who watch is part of no request, also of that which began it', async () => {
  using telemetry = await watchTelemetry();
  await using bus = await createTestBus();
  bus.lta.setArrivals('83139', arrivalBody('83139', [{ service: '15' }]));
  const events = await open(bus, '83139');
  await events.next();
  const calls = () => telemetry.spans.filter(({ name }) => name === 'lta.arrivals').length;
  assert.deepEqual([calls(), bus.lta.calls.length], [1, 1]);
  await bus.clock.advance(21_000);
  await bus.lta.called(2);
  await events.next();
  assert.equal(calls(), 1);
  assert.equal(telemetry.series('hawker.upstream.duration')['lta arrivals'], 2);
  await events.close();
});

test('the line of a request says where its answer came from and how old it was, and not for which stop', async () => {
  await using bus = await createTestBus();
  bus.lta.setArrivals('83139', arrivalBody('83139', [{ service: '15' }]));
  const ask = async (path: string) => {
    await bus.ask(`GET ${path}`);
    return bus.log.lines.findLast(({ kind }) => kind === 'request') ?? {};
  };
  const first = await ask('/v2/stops/83139/arrivals');
  assert.deepEqual([first['source'], first['ageS']], ['live', 0]);
  await bus.clock.advance(30_000);
  bus.lta.fail({ kind: 'answer', status: 503 });
  const second = await ask('/v2/stops/83139/arrivals');
  assert.deepEqual(
    [second['source'], second['ageS'], second['upstreamTrouble'], second['upstreamError']],
    ['stale', 30, 'bad_status', 'lta.arrivals bad_status'],
  );
  const compact = await ask('/api/lta-datamall/v1/bus-arrival?bus-stop-id=83139');
  assert.equal(compact['source'], 'stale');
  assert.ok(!JSON.stringify([first, second, compact]).includes('83139'));
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { publish } from '#shared/bus/publish.ts';
import type { Store } from '#shared/store/store.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { createTestBus } from './testing.ts';

guardAgainstLeaks();

const STOPS = Array.from({ length: 300 }, (_, index) => ({
  BusStopCode: String(83_000 + index),
  RoadName: 'Changi Rd',
  Description: `Stop ${index}`,
  Latitude: 1.3 + index / 10_000,
  Longitude: 103.9,
}));

describe('bus', () => {
  it('tells an unknown stop, a quiet one and an upstream that is down in three ways', async () => {
    await using bus = await createTestBus();
    await publish({ store: bus.store, clock: bus.clock, from: 'file', rows: { stops: STOPS }, allowShrink: true });
    const quiet = await bus.ask('GET /v2/stops/83001/arrivals');
    assert.deepEqual([quiet.status, quiet.body.services], [200, []]);
    assert.equal(quiet.body.stop.name, 'Stop 1');
    assert.equal(quiet.body.meta.lists.source, 'file');
    const unknown = await bus.ask('GET /v2/stops/10000/arrivals');
    assert.deepEqual([unknown.status, unknown.body.code], [404, 'not_found']);
    bus.lta.fail({ kind: 'answer', status: 500 });
    const down = await bus.ask('GET /v2/stops/83002/arrivals');
    assert.deepEqual([down.status, down.body.code], [503, 'unavailable']);
    assert.notEqual(unknown.body.detail, down.body.detail);
    for (const path of ['/v2/stops/10000/stream', '/v2/gtfs-rt?stop=10000'])
      assert.equal((await bus.ask(`GET ${path}`)).status, 404, path);
    assert.equal(bus.lta.callsOf('10000').length, 0);
  });

  it('tells whoever runs it what is loaded, what is left of the budget, and how LTA is doing', async () => {
    await using bus = await createTestBus({ settings: { LTA_CALLS_PER_MINUTE: '60' } });
    await publish({ store: bus.store, clock: bus.clock, from: 'file', rows: { stops: STOPS } });
    await bus.ask('GET /v2/stops/83001/arrivals');
    bus.lta.fail({ kind: 'answer', status: 429, headers: { 'Retry-After': '30' } });
    await bus.ask('GET /v2/stops/83002/arrivals');
    const { status, body } = await bus.ask('GET /v2/status');
    assert.equal(status, 200);
    assert.deepEqual(body.lists.stops, { from: 'file', at: '2026-01-08T04:00:00.000Z', rows: 300 });
    assert.deepEqual(body.lta, { callsLeft: 13, callsPerMinute: 60, breaker: 'open', stops: 1, calls: 2, failures: 1 });
    assert.equal(body.streams, 0);
    await using demo = await createTestBus({ withoutLta: true });
    assert.equal((await demo.ask('GET /v2/status')).body.lta, null);
  });

  it('opens nothing before the first request', async () => {
    const untouched = new Proxy({} as Store, {
      get: (_store, method) => assert.fail(`the store was asked to ${String(method)}`),
    });
    await using bus = await createTestBus({ store: untouched });
    assert.equal(bus.lta.calls.length, 0);
    assert.equal(bus.clock.sleepers, 0);
  });

  it('describes every route of v2, and nobody needs credentials', async () => {
    await using bus = await createTestBus({ withoutLta: true, prefix: '/x/bus' });
    const { body, headers } = await bus.ask('GET /openapi.json');
    assert.equal(headers.get('Access-Control-Allow-Origin'), '*');
    assert.deepEqual(body.servers, [{ url: '/x/bus' }]);
    for (const path of [
      '/v2/stops',
      '/v2/stops/{code}',
      '/v2/stops/{code}/arrivals',
      '/v2/stops/{code}/stream',
      '/v2/services',
      '/v2/services/{number}',
      '/v2/direct',
      '/v2/gtfs-rt',
      '/v2/status',
    ]) {
      const { get } = body.paths[path] ?? {};
      assert.ok(get, path);
      assert.deepEqual(get.security, [], path);
      assert.ok(get.responses['200'].content, path);
    }
    const { Meta, BoardRow } = body.components.schemas;
    assert.match(Meta.properties.source.description, /`stale`/);
    assert.match(BoardRow.properties.status.description, /`not_operating`/);
    const { parameters } = body.paths['/v2/stops/{code}/arrivals'].get;
    assert.deepEqual(
      parameters.map(({ name }: { name: string }) => name),
      ['code', 'service', 'walk', 'lead', 'format'],
    );
    const service = parameters.find(({ name }: { name: string }) => name === 'service');
    assert.match('225G', new RegExp(service.schema.pattern), 'what callers generate from it takes every number');
    assert.deepEqual(Object.keys(body.paths['/v2/gtfs-rt'].get.responses['200'].content), [
      'application/json',
      'application/x-protobuf',
    ]);
    for (const path of ['/v2/stops', '/v2/services/{number}', '/v2/gtfs-rt'])
      assert.ok(body.paths[path].get.responses['304'], path);
  });

  it('answers at the compact form and at the page', async () => {
    await using bus = await createTestBus({ withoutLta: true });
    assert.equal((await bus.ask('GET /api/lta-datamall/v1/healthz')).body, 'ok');
    const page = await bus.ask('GET /');
    assert.equal(page.status, 200);
    assert.match(page.headers.get('Content-Type') ?? '', /html/);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arrivalBody } from '#shared/testing/fake-lta-replies.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { readFeed } from './gtfs-reader.ts';
import { createTestBus, type TestBus } from './testing.ts';

guardAgainstLeaks();

const FEED = '/v2/gtfs-rt?stop=83139';

const get = ({ instance }: TestBus, path = FEED, headers: Record<string, string> = {}) =>
  instance.fetch(new Request(`http://bus.example${path}`, { headers }));
const feedIn = async (answer: Response) => readFeed(new Uint8Array(await answer.arrayBuffer()));

async function startBus(): Promise<TestBus> {
  const bus = await createTestBus();
  const start = bus.clock.now();
  bus.lta.setArrivals('83139', () =>
    arrivalBody('83139', [
      { service: '15', etas: [start + 200_000, { eta: start + 700_000, monitored: 0 }, start + 1_500_000] },
    ]),
  );
  return bus;
}

describe('GET /v2/gtfs-rt', () => {
  it('is a feed of the stop for standard readers', async () => {
    await using bus = await startBus();
    const answer = await get(bus);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('Content-Type'), 'application/x-protobuf');
    assert.equal(answer.headers.get('Last-Modified'), new Date(bus.clock.now()).toUTCString());
    assert.match(answer.headers.get('Cache-Control') ?? '', /s-maxage=10/);
    const { header, entity } = await feedIn(answer);
    assert.equal(header.timestamp, bus.clock.now() / 1000);
    assert.equal(entity.filter((each: { tripUpdate?: object }) => each.tripUpdate).length, 3);
    assert.equal(entity.filter((each: { vehicle?: object }) => each.vehicle).length, 2, 'only what is monitored');
    assert.deepEqual(
      entity[0].tripUpdate.stopTimeUpdate[0].arrival.time,
      Math.floor((bus.clock.now() + 200_000) / 1000),
    );
  });

  it('names a trip the same from one answer to the next', async () => {
    await using bus = await startBus();
    const names = async () =>
      (await feedIn(await get(bus))).entity.flatMap((each: { tripUpdate?: { trip: { tripId: string } } }) =>
        each.tripUpdate ? each.tripUpdate.trip.tripId : [],
      );
    const first = await names();
    await bus.clock.advance(60_000);
    assert.deepEqual(await names(), first);
    assert.equal(bus.lta.calls.length, 2);
  });

  it('is 304 to those who have it', async () => {
    await using bus = await startBus();
    const first = await get(bus);
    const tag = first.headers.get('ETag') ?? '';
    await bus.clock.advance(5_000);
    const known = await get(bus, FEED, { 'If-None-Match': tag });
    assert.equal(known.status, 304);
    assert.equal(known.headers.get('ETag'), tag);
    const since = { 'If-Modified-Since': first.headers.get('Last-Modified') ?? '' };
    assert.equal((await get(bus, FEED, since)).status, 304);
    await bus.clock.advance(20_000);
    assert.equal((await get(bus, FEED, { 'If-None-Match': tag })).status, 200);
    assert.equal((await get(bus, FEED, since)).status, 200);
  });

  it('shows the same feed to people as JSON', async () => {
    await using bus = await startBus();
    const answer = await get(bus, `${FEED}&format=json`);
    assert.match(answer.headers.get('Content-Type') ?? '', /^application\/json/);
    const { header, entity } = (await answer.json()) as { header: object; entity: { id: string }[] };
    const read = await feedIn(await get(bus));
    assert.deepEqual(header, {
      gtfs_realtime_version: '2.0',
      incrementality: 'FULL_DATASET',
      timestamp: read.header.timestamp,
    });
    assert.deepEqual(
      entity.map(({ id }) => id),
      read.entity.map(({ id }: { id: string }) => id),
    );
  });

  it('is valid and empty when no bus runs', async () => {
    await using bus = await createTestBus();
    const answer = await get(bus);
    assert.equal(answer.status, 200);
    const { header, entity } = await feedIn(answer);
    assert.equal(header.gtfsRealtimeVersion, '2.0');
    assert.equal(entity, undefined);
  });

  it('refuses what is no stop, and says when to come back where LTA is down', async () => {
    await using bus = await startBus();
    for (const [path, pointer] of [
      ['/v2/gtfs-rt', '?stop'],
      ['/v2/gtfs-rt?stop=8313', '?stop'],
      [`${FEED}&format=xml`, '?format'],
      [`${FEED}&service=15`, '?service'],
    ] as const) {
      const { status, body } = await bus.ask(`GET ${path}`);
      assert.deepEqual([status, body.errors[0].pointer], [422, pointer], path);
    }
    bus.lta.fail({ kind: 'answer', status: 500 });
    const { status, headers } = await bus.ask(`GET ${FEED}`);
    assert.equal(status, 503);
    assert.match(headers.get('Retry-After') ?? '', /^\d+$/);
    await using bare = await createTestBus({ withoutLta: true });
    assert.equal((await bare.ask(`GET ${FEED}`)).body.code, 'not_configured');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Board } from '#shared/bus/board.ts';
import { encodeFeed, feedOf } from './gtfs-feed.ts';
import { readFeed } from './gtfs-reader.ts';
import { aBoard, aBus, aRow } from './rig.ts';

async function read(board: Board) {
  return readFeed(await encodeFeed(feedOf(board, (row) => row.buses.map((_, index) => `${row.id}-${index}`))));
}

describe('a feed of GTFS-Realtime', () => {
  it('has a trip update for each bus, and a vehicle for each that is told from its position', async () => {
    const timetabled = aBus({ eta: '2026-01-08T04:12:00.000Z', monitored: false, position: null, load: null });
    const board = aBoard([aRow('15', { buses: [aBus({ position: { lat: 1.3, lon: 103.9, age: 4 } }), timetabled] })], {
      fetchedAt: '2026-01-08T03:59:58.500Z',
    });
    const trip = { tripId: '15~1~1-0', routeId: '15', directionId: 0, scheduleRelationship: 'ADDED' };
    const vehicle = { id: '15~1~1-0', wheelchairAccessible: 'WHEELCHAIR_ACCESSIBLE' };
    const fetched = Date.parse('2026-01-08T03:59:58Z') / 1000;
    const { header, entity } = await read(board);
    assert.deepEqual(header, { gtfsRealtimeVersion: '2.0', incrementality: 'FULL_DATASET', timestamp: fetched });
    assert.equal(entity.length, 3);
    assert.deepEqual(entity[0], {
      id: 'trip-15~1~1-0',
      tripUpdate: {
        trip,
        vehicle,
        timestamp: fetched,
        stopTimeUpdate: [
          {
            stopId: '83139',
            scheduleRelationship: 'SCHEDULED',
            arrival: { time: Date.parse('2026-01-08T04:03:30Z') / 1000 },
          },
        ],
      },
    });
    const { position, ...told } = entity[1].vehicle;
    assert.deepEqual(told, {
      trip,
      vehicle,
      stopId: '83139',
      currentStatus: 'IN_TRANSIT_TO',
      timestamp: Date.parse('2026-01-08T03:59:56Z') / 1000,
      occupancyStatus: 'MANY_SEATS_AVAILABLE',
    });
    assert.ok(Math.abs(position.latitude - 1.3) < 1e-6 && Math.abs(position.longitude - 103.9) < 1e-5);
    assert.equal(entity[2].tripUpdate.vehicle, undefined);
    assert.deepEqual(entity[2].tripUpdate.stopTimeUpdate[0].arrival, {
      time: Date.parse('2026-01-08T04:12:00Z') / 1000,
      uncertainty: 300,
    });
  });

  it('says by what a bus is full and whom it takes, where LTA says so', async () => {
    const buses = [
      aBus({ load: 'standing', wheelchair: false }),
      aBus({ load: 'limited', wheelchair: null }),
      aBus({ load: null }),
    ];
    const { entity } = await read(aBoard([aRow('15', { direction: null, buses })]));
    const vehicles = entity.flatMap(({ vehicle }: { vehicle?: unknown }) => vehicle ?? []);
    assert.deepEqual(
      vehicles.map((told: { occupancyStatus?: string }) => told.occupancyStatus),
      ['STANDING_ROOM_ONLY', 'CRUSHED_STANDING_ROOM_ONLY', undefined],
    );
    assert.deepEqual(
      vehicles.map((told: { vehicle: { wheelchairAccessible?: string } }) => told.vehicle.wheelchairAccessible),
      ['WHEELCHAIR_INACCESSIBLE', undefined, 'WHEELCHAIR_ACCESSIBLE'],
    );
    assert.equal('directionId' in vehicles[0].trip, false);
  });

  it('is valid without any bus, and leaves out those that have left', async () => {
    const left = aBus({ state: 'left', minutes: null });
    const { header, entity } = await read(aBoard([aRow('15', { buses: [left] }), aRow('20', { buses: [] })]));
    assert.equal(header.timestamp, Date.parse('2026-01-08T04:00:00Z') / 1000);
    assert.equal(entity, undefined);
  });

  it('is read as it was written, whatever is in it', async () => {
    const bus = fc.record({
      eta: fc.integer({ min: 0, max: 4_102_444_800_000 }).map((ms) => new Date(ms).toISOString()),
      monitored: fc.boolean(),
      position: fc.option(
        fc.record({ lat: fc.float({ min: 1, max: 2 }), lon: fc.float({ min: 103, max: 105 }), age: fc.nat(200) }),
      ),
    });
    const service = fc.string({ unit: 'grapheme', maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(service, fc.array(bus, { maxLength: 3 })), {
          selector: ([name]) => name,
          maxLength: 5,
        }),
        async (rows) => {
          const board = aBoard(rows.map(([name, buses]) => aRow(name, { buses: buses.map(aBus) })));
          const { entity = [] } = await read(board);
          const buses = board.services.flatMap((row) => row.buses.map((told) => ({ ...told, service: row.service })));
          const updates = entity.flatMap(({ tripUpdate }: { tripUpdate?: unknown }) => tripUpdate ?? []);
          assert.deepEqual(
            updates.map((update: { trip: { routeId: string }; stopTimeUpdate: { arrival: { time: number } }[] }) => [
              update.trip.routeId,
              update.stopTimeUpdate[0]?.arrival.time,
            ]),
            buses.map((told) => [told.service, Math.floor(Date.parse(told.eta) / 1000)]),
          );
          const vehicles = entity.filter(({ vehicle }: { vehicle?: unknown }) => vehicle);
          assert.equal(vehicles.length, buses.filter(({ monitored, position }) => monitored && position).length);
          assert.equal(new Set(entity.map(({ id }: { id: string }) => id)).size, entity.length);
        },
      ),
    );
  });
});

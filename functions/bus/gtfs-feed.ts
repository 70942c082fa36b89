/**
 * A board as a feed of GTFS-Realtime 2.0, and the feed as bytes. Field numbers and meanings: https://gtfs.org/documentation/realtime/proto/ and
 * https://gtfs.org/documentation/realtime/reference/
 *
 * There is no GTFS schedule of Singapore's buses to refer to, so trips are `ADDED`: `UNSCHEDULED` is for trips of frequencies.txt, and readers that do not know the newer
 * `NEW` take it for `SCHEDULED`. Route and stop ids are LTA's own numbers and codes.
 */
import type { Board, BoardBus, BoardRow } from '#shared/bus/board.ts';

/** The parts that are written, under the names of the specification. */
export interface Feed {
  header: { gtfs_realtime_version: '2.0'; incrementality: 'FULL_DATASET'; timestamp: number };
  entity: FeedEntity[];
}

export interface FeedEntity {
  id: string;
  trip_update?: {
    trip: Trip;
    vehicle?: Vehicle;
    stop_time_update: {
      stop_id: string;
      arrival: { time: number; uncertainty?: number };
      schedule_relationship: 'SCHEDULED';
    }[];
    timestamp: number;
  };
  vehicle?: {
    trip: Trip;
    vehicle: Vehicle;
    position: { latitude: number; longitude: number };
    stop_id: string;
    current_status: 'IN_TRANSIT_TO';
    timestamp: number;
    occupancy_status?: keyof typeof OCCUPANCY;
  };
}

interface Trip {
  trip_id: string;
  route_id: string;
  direction_id?: 0 | 1;
  schedule_relationship: 'ADDED';
}

interface Vehicle {
  id: string;
  wheelchair_accessible?: keyof typeof WHEELCHAIR;
}

const OCCUPANCY = { MANY_SEATS_AVAILABLE: 1, STANDING_ROOM_ONLY: 3, CRUSHED_STANDING_ROOM_ONLY: 4 } as const;
const OCCUPANCY_OF = {
  seats: 'MANY_SEATS_AVAILABLE',
  standing: 'STANDING_ROOM_ONLY',
  limited: 'CRUSHED_STANDING_ROOM_ONLY',
} as const;
const WHEELCHAIR = { WHEELCHAIR_ACCESSIBLE: 2, WHEELCHAIR_INACCESSIBLE: 3 } as const;
const ADDED = 1;
const IN_TRANSIT_TO = 2;

/** Seconds by which a bus may well miss its timetable; of a bus that is watched, LTA says nothing. */
const TIMETABLE_UNCERTAINTY = 300;

/** `names` gives each bus of a row a name that lasts as long as it can be followed. */
export function feedOf({ stop, meta, services }: Board, names: (row: BoardRow) => string[]): Feed {
  const now = Date.parse(meta.now);
  const timestamp = seconds(meta.fetchedAt === null ? now : Date.parse(meta.fetchedAt));
  const entity = services.flatMap((row) => {
    const named = names(row);
    return row.buses.flatMap((bus, index) => {
      // It has left, and what has left may be dropped.
      if (bus.state === 'left') return [];
      const about = { trip: tripOf(row, named[index] ?? ''), stop: stop.code, timestamp };
      return [tripUpdate(bus, about), ...vehiclePosition(bus, about, seconds(now))];
    });
  });
  return { header: { gtfs_realtime_version: '2.0', incrementality: 'FULL_DATASET', timestamp }, entity };
}

interface About {
  trip: Trip;
  stop: string;
  timestamp: number;
}

function tripOf({ service, direction }: BoardRow, name: string): Trip {
  return {
    trip_id: name,
    route_id: service,
    ...(direction !== null && { direction_id: direction === 1 ? 0 : 1 }),
    schedule_relationship: 'ADDED',
  };
}

function tripUpdate(bus: BoardBus, { trip, stop, timestamp }: About): FeedEntity {
  const time = seconds(Date.parse(bus.eta));
  return {
    id: `trip-${trip.trip_id}`,
    trip_update: {
      trip,
      ...(bus.monitored && { vehicle: vehicleOf(bus, trip) }),
      stop_time_update: [
        {
          stop_id: stop,
          arrival: { time, ...(!bus.monitored && { uncertainty: TIMETABLE_UNCERTAINTY }) },
          schedule_relationship: 'SCHEDULED',
        },
      ],
      timestamp,
    },
  };
}

function vehiclePosition(bus: BoardBus, { trip, stop }: About, now: number): FeedEntity[] {
  const { position, load } = bus;
  if (!bus.monitored || !position) return [];
  return [
    {
      id: `vehicle-${trip.trip_id}`,
      vehicle: {
        trip,
        vehicle: vehicleOf(bus, trip),
        position: { latitude: position.lat, longitude: position.lon },
        stop_id: stop,
        current_status: 'IN_TRANSIT_TO',
        timestamp: now - position.age,
        ...(load !== null && { occupancy_status: OCCUPANCY_OF[load] }),
      },
    },
  ];
}

function vehicleOf({ wheelchair }: BoardBus, { trip_id }: Trip): Vehicle {
  if (wheelchair === null) return { id: trip_id };
  return { id: trip_id, wheelchair_accessible: wheelchair ? 'WHEELCHAIR_ACCESSIBLE' : 'WHEELCHAIR_INACCESSIBLE' };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

/** Wire types of protobuf. */
const VARINT = 0;
const BYTES = 2;
const FIXED32 = 5;
const tag = (field: number, wire: number) => (field << 3) | wire;

export async function encodeFeed({ header, entity }: Feed): Promise<Uint8Array> {
  const { Writer } = await import('./gtfs-writer-client.ts');
  const writer = Writer.create();
  const text = (field: number, value: string) => writer.uint32(tag(field, BYTES)).string(value);
  const number = (field: number, value: number) => writer.uint32(tag(field, VARINT)).int64(value);
  const float = (field: number, value: number) => writer.uint32(tag(field, FIXED32)).float(value);
  const message = (field: number, write: () => void) => {
    writer.uint32(tag(field, BYTES)).fork();
    write();
    writer.ldelim();
  };
  const trip = (field: number, { trip_id, route_id, direction_id }: Trip) =>
    message(field, () => {
      text(1, trip_id);
      number(4, ADDED);
      text(5, route_id);
      if (direction_id !== undefined) number(6, direction_id);
    });
  const vehicle = (field: number, { id, wheelchair_accessible }: Vehicle) =>
    message(field, () => {
      text(1, id);
      if (wheelchair_accessible) number(4, WHEELCHAIR[wheelchair_accessible]);
    });
  const updateOf = (told: NonNullable<FeedEntity['trip_update']>) => {
    trip(1, told.trip);
    for (const { stop_id, arrival } of told.stop_time_update)
      message(2, () => {
        message(2, () => {
          number(2, arrival.time);
          if (arrival.uncertainty !== undefined) number(3, arrival.uncertainty);
        });
        text(4, stop_id);
        number(5, 0);
      });
    if (told.vehicle) vehicle(3, told.vehicle);
    number(4, told.timestamp);
  };
  const positionOf = (told: NonNullable<FeedEntity['vehicle']>) => {
    trip(1, told.trip);
    message(2, () => {
      float(1, told.position.latitude);
      float(2, told.position.longitude);
    });
    number(4, IN_TRANSIT_TO);
    number(5, told.timestamp);
    text(7, told.stop_id);
    vehicle(8, told.vehicle);
    if (told.occupancy_status) number(9, OCCUPANCY[told.occupancy_status]);
  };

  message(1, () => {
    text(1, header.gtfs_realtime_version);
    number(2, 0);
    number(3, header.timestamp);
  });
  for (const { id, trip_update, vehicle: position } of entity)
    message(2, () => {
      text(1, id);
      if (trip_update) message(3, () => updateOf(trip_update));
      if (position) message(4, () => positionOf(position));
    });
  return writer.finish();
}

/** What goes out over HTTP, where it has to do with boards. It only describes, so it is loaded when somebody asks for the description. */
import * as z from 'zod';
import type { Board, BoardRow, BoardStop, Meta } from '#shared/bus/board.ts';
import type { LeaveAdvice } from '#shared/bus/leave.ts';

export const time = z.string().describe('RFC 3339, UTC');

/** The feed as people see it; what is in an entity, the specification of GTFS-Realtime tells. */
export const gtfsAnswer = z
  .object({
    header: z.object({ gtfs_realtime_version: z.string(), incrementality: z.string(), timestamp: z.int() }),
    entity: z.array(z.looseObject({ id: z.string() })),
  })
  .meta({ id: 'FeedMessage' });

/** On every answer of v2. */
export const metaSchema = z
  .object({
    source: z
      .enum(['live', 'cache', 'stale', 'demo', 'list'])
      .describe(
        '`live`: LTA was asked for this answer. `cache`: younger than 20 s. `stale`: older, since LTA gives nothing newer. `demo`: made up. `list`: from the loaded lists alone',
      ),
    fetchedAt: time
      .nullable()
      .describe('When LTA answered, or when the list was fetched; null where none was ever loaded'),
    age: z.int().nullable().describe('Whole seconds from then to `now`'),
    stale: z.boolean(),
    upstream: z.object({
      status: z
        .enum(['ok', 'failing', 'none'])
        .describe('`failing`: the newest attempt failed. `none`: LTA was not asked'),
      reason: z.string().exactOptional().describe('Why it fails'),
      httpStatus: z.int().exactOptional(),
    }),
    now: time.describe(
      'The time here: correct a wrong clock by it, and by the header Age where a cache has kept the answer',
    ),
    lists: z
      .object({
        version: z.string(),
        source: z.enum(['datamall', 'file', 'sample']),
        fetchedAt: time.nullable(),
      })
      .describe('Which lists named the stops'),
  })
  .meta({ id: 'Meta' }) satisfies z.ZodType<Meta>;

const position = z.object({ lat: z.number(), lon: z.number() });

export const stopSchema = z
  .object({
    code: z.string(),
    name: z.string().nullable(),
    road: z.string().nullable(),
    position: position.nullable(),
  })
  .meta({ id: 'BoardStop' }) satisfies z.ZodType<BoardStop>;

const bus = z
  .object({
    eta: time,
    minutes: z
      .int()
      .nullable()
      .describe('Whole minutes from now, rounded down; 0 is arriving; null once it should have left'),
    display: z.string().describe('What to show: `Arr`, `3`, `left 1 min ago`'),
    state: z.enum(['due', 'arriving', 'left']),
    monitored: z.boolean().describe("From the bus's own position; else from the operator's timetable"),
    load: z.enum(['seats', 'standing', 'limited']).nullable().describe('Seats free, standing room, little room'),
    wheelchair: z.boolean().nullable(),
    deck: z.enum(['single', 'double', 'bendy']).nullable(),
    position: position
      .extend({ age: z.int().describe('Whole seconds, at least') })
      .nullable()
      .describe('Where the bus was'),
  })
  .meta({ id: 'BoardBus' });

export const rowSchema = z
  .object({
    id: z.string().describe('Names the row among those of its stop, the same in every answer'),
    service: z.string(),
    operator: z.string().nullable(),
    direction: z.literal([1, 2]).nullable(),
    destination: z.object({ code: z.string().nullable(), name: z.string().nullable() }),
    visit: z.int().describe('2 where the service passes this stop a second time on its way'),
    status: z
      .enum(['live', 'scheduled', 'no_estimate', 'not_operating', 'unknown'])
      .describe(
        '`live`: from the position of the next bus. `scheduled`: from its timetable. `no_estimate`: buses run, and none is told. `not_operating`: before the first or after the last bus. `unknown`: none is told, and the hours are not known',
      ),
    reason: z.string().describe('One sentence that says why'),
    firstBus: z.string().nullable().describe('Of this service day, HH:MM in Singapore'),
    lastBus: z.string().nullable().describe('Of this service day, HH:MM in Singapore'),
    buses: z.array(bus).describe('The soonest first, at most three'),
  })
  .meta({ id: 'BoardRow' }) satisfies z.ZodType<BoardRow>;

export const leaveSchema = z
  .object({
    decision: z.enum(['wait', 'leave_now', 'no_bus']),
    leaveAt: time.nullable().describe('Null without a bus'),
    bus: z
      .object({
        row: z.string(),
        service: z.string(),
        destination: z.string().nullable(),
        eta: time,
        minutes: z.int().nullable(),
        monitored: z.boolean(),
      })
      .nullable()
      .describe('The first that can be caught'),
    nextCheckAt: time.describe('When it is worth asking again'),
    reason: z.string(),
  })
  .meta({ id: 'LeaveAdvice' }) satisfies z.ZodType<LeaveAdvice>;

const boardSchema = z
  .object({
    stop: stopSchema,
    meta: metaSchema,
    services: z.array(rowSchema).describe('In natural order of their numbers'),
  })
  .meta({ id: 'Board' }) satisfies z.ZodType<Board>;

export const arrivalsAnswer = boardSchema
  .extend({ leave: leaveSchema.optional().describe('Where `walk` or `lead` was given') })
  .meta({ id: 'Arrivals' });

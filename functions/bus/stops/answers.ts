/** What goes out over HTTP about stops, services and rides; for the description alone. */
import * as z from 'zod';
import { metaSchema, rowSchema, stopSchema } from '../answers.ts';

const kilometres = z.number().nullable().describe('Kilometres; null where the list does not tell');
const note = z.string().optional().describe('What an answer with little in it should be understood as');
const end = z.object({ code: z.string(), name: z.string().nullable() });
const clockTime = z
  .string()
  .nullable()
  .describe('HH:MM in Singapore, of the service day of now; null: none, or unknown');
const hours = z.object({ first: z.string(), last: z.string() }).nullable();
const times = z
  .object({ weekday: hours, saturday: hours, sunday: hours })
  .describe('First and last bus by kind of day, HH:MM; null: no bus on such days. Sunday serves public holidays')
  .meta({ id: 'BusTimes' });
const direction = z.literal([1, 2]);
const position = z.object({ lat: z.number(), lon: z.number() });
const loop = z.string().nullable().describe('Where a loop service turns');
const serviceDay = z
  .object({
    date: z.string(),
    kind: z.enum(['weekday', 'saturday', 'sunday']),
    holiday: z.string().optional().describe('The public holiday that makes it a Sunday'),
  })
  .describe('The service day of now: from 04:00 to 04:00 in Singapore')
  .meta({ id: 'ServiceDay' });

export const stopsAnswer = z.object({
  items: z.array(
    z
      .object({
        code: z.string(),
        name: z.string(),
        road: z.string(),
        position,
        distance: z.int().optional().describe('Whole metres from `near`'),
        services: z.array(z.string()).describe('What calls there; none where the routes are not loaded'),
      })
      .meta({ id: 'FoundStop' }),
  ),
  meta: metaSchema,
  note,
});

export const stopAnswer = z.object({
  stop: stopSchema,
  serviceDay,
  services: z.array(
    z
      .object({
        service: z.string(),
        operator: z.string().nullable(),
        direction,
        origin: end,
        destination: end,
        loop,
        visit: z.int().describe('2 where the service passes this stop a second time on its way'),
        ends: z.boolean().describe('The route ends here: nobody gets on'),
        operating: z
          .enum(['running', 'before_first', 'after_last', 'none', 'unknown'])
          .describe('By first and last bus. `none`: no bus on this service day'),
        firstBus: clockTime,
        lastBus: clockTime,
        times,
      })
      .meta({ id: 'StopService' }),
  ),
  meta: metaSchema,
  note,
});

const service = { service: z.string(), operator: z.string().nullable(), category: z.string().nullable() };
const ends = { direction, origin: end, destination: end, loop };

export const servicesAnswer = z.object({
  items: z.array(z.object({ ...service, directions: z.array(z.object(ends)) }).meta({ id: 'Service' })),
  nextCursor: z.string().optional(),
  meta: metaSchema,
  note,
});

export const serviceAnswer = z
  .object({
    ...service,
    serviceDay,
    directions: z.array(
      z.object({
        ...ends,
        frequency: z
          .object({ amPeak: z.string(), amOffpeak: z.string(), pmPeak: z.string(), pmOffpeak: z.string() })
          .nullable()
          .describe('Minutes between buses as LTA writes them: 06:30 to 08:30, to 17:00, to 19:00, after that'),
        stops: z.array(
          stopSchema.extend({
            sequence: z.int(),
            distanceKm: kilometres,
            firstBus: clockTime,
            lastBus: clockTime,
            times,
          }),
        ),
      }),
    ),
    meta: metaSchema,
    note,
  })
  .meta({ id: 'ServiceDetail' });

const place = end.extend({ sequence: z.int() });

export const directAnswer = z.object({
  from: stopSchema,
  to: stopSchema,
  items: z
    .array(
      z
        .object({
          service: z.string(),
          operator: z.string().nullable(),
          direction,
          visit: z.int().describe('Which pass of `from` to get on at, where the service passes twice'),
          destination: end.describe('Where the bus says that it goes'),
          from: place,
          to: place,
          stops: z.int().describe('Stops from `from` to `to`, `to` included'),
          distanceKm: kilometres,
          status: rowSchema.shape.status,
          reason: rowSchema.shape.reason,
          buses: rowSchema.shape.buses,
        })
        .meta({ id: 'Ride' }),
    )
    .describe('The soonest bus first, then the fewest stops'),
  meta: metaSchema,
  note,
});

/** What `/v2/status` answers; for the description alone. */
import * as z from 'zod';
import { metaSchema } from './answers.ts';

const listSource = z
  .object({
    from: z.enum(['datamall', 'file', 'sample']),
    at: z.iso.datetime().describe('When it was fetched or read'),
    rows: z.int(),
  })
  .meta({ id: 'ListSource' });

export const statusAnswer = z
  .object({
    meta: metaSchema,
    lists: z.object({
      stops: listSource.optional(),
      services: listSource.optional(),
      routes: listSource.optional(),
      planned: listSource.optional(),
    }),
    lta: z
      .object({
        callsLeft: z.number().describe('Calls that could be made at this moment'),
        callsPerMinute: z.int().describe('LTA_CALLS_PER_MINUTE'),
        breaker: z.enum(['closed', 'open', 'half-open']).describe('`open`: LTA is left alone after failures'),
        stops: z.int().describe('Stops whose arrivals are in memory'),
        calls: z.int().describe('Since the process started'),
        failures: z.int().describe('Of those calls'),
      })
      .nullable()
      .describe('Of the process that answers alone; null without a key'),
    streams: z.int().describe('Open in the process that answers'),
  })
  .meta({ id: 'BusStatus' });

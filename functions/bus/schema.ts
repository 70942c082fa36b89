/** What comes in over HTTP, where it has to do with boards. */
import * as z from 'zod';

const CODE_RULE = 'must be the five digits of a stop, such as 83139';
const SERVICE_RULE = 'must be the number of a service, such as 15 or 225G';
const EVENT_ID_RULE = 'must have at most 100 characters';

export const stopCode = z.string(CODE_RULE).regex(/^\d{5}$/, CODE_RULE);
export const stopPath = z.strictObject({ code: stopCode.describe('The five digits on the stop') });

/** A service's number as LTA writes it, in capitals. Without a flag, since the description has the pattern alone. */
export const serviceNumber = z
  .string(SERVICE_RULE)
  .regex(/^[0-9A-Za-z]{1,6}$/, SERVICE_RULE)
  .transform((text) => text.toUpperCase());

/** Whole minutes in a query. */
const minutesTo = (most: number) => {
  const rule = `must be whole minutes from 0 to ${most}`;
  return z
    .string(rule)
    .regex(/^\d{1,3}$/, rule)
    .transform(Number)
    .refine((value) => value <= most, rule);
};

const service = serviceNumber.optional().describe('This service alone, in capitals or not');

export const arrivalsQuery = z.strictObject({
  service,
  walk: minutesTo(120).optional().describe('Minutes to walk to the stop: the answer then says when to leave'),
  lead: minutesTo(60).optional().describe('Minutes to be there before the bus; without `walk` there is no way to go'),
  format: z
    .enum(['json', 'text'], 'must be json or text')
    .optional()
    .describe('`text` for people and small displays; otherwise as `Accept` prefers'),
});

export const streamQuery = z.strictObject({
  service,
  lastEventId: z
    .string(EVENT_ID_RULE)
    .max(100, EVENT_ID_RULE)
    .optional()
    .describe('For clients that cannot set the header Last-Event-ID'),
});

export const gtfsQuery = z.strictObject({
  stop: stopCode.describe('The five digits on the stop'),
  format: z
    .enum(['protobuf', 'json'], 'must be protobuf or json')
    .optional()
    .describe('`json` shows the same feed to people'),
});

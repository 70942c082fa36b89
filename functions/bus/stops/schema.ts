/** What comes in over HTTP about stops, services and rides. */
import * as z from 'zod';
import { pagingQuery } from '#shared/http/paging.ts';
import { serviceNumber, stopCode } from '../schema.ts';
import { MOST_TEXT } from './search-stops.ts';

const NEAR_RULE = 'must be a latitude and a longitude in degrees, such as 1.3521,103.8198';
const TEXT_RULE = `must have 1 to ${MOST_TEXT} characters`;
const MOST_RADIUS = 5_000;
const MOST_STOPS = 500;

/** Whole numbers in a query, written with digits alone. */
const wholeTo = (most: number, what: string) => {
  const rule = `must be ${what} from 1 to ${most}`;
  return z
    .string(rule)
    .regex(/^\d{1,5}$/, rule)
    .transform(Number)
    .refine((value) => value >= 1 && value <= most, rule);
};

const near = z
  .string(NEAR_RULE)
  .regex(/^\s*[+-]?\d{1,3}(?:\.\d{1,20})?\s*,\s*[+-]?\d{1,3}(?:\.\d{1,20})?\s*$/, NEAR_RULE)
  .transform((text) => {
    const [lat, lon] = text.split(',').map(Number) as [number, number];
    return { lat, lon };
  })
  .refine(({ lat, lon }) => Math.abs(lat) <= 90 && Math.abs(lon) <= 180, NEAR_RULE);

export const stopsQuery = z
  .strictObject({
    near: near.optional().describe('`lat,lon` in degrees: the nearest stops'),
    radius: wholeTo(MOST_RADIUS, 'whole metres')
      .optional()
      .describe('Metres around `near`; 500 without it, and no limit where `q` is given'),
    q: z
      .string(TEXT_RULE)
      .trim()
      .min(1, TEXT_RULE)
      .max(MOST_TEXT, TEXT_RULE)
      .optional()
      .describe('A code or its beginning, or words of the name or the road, abbreviated or not, typos forgiven'),
    limit: wholeTo(MOST_STOPS, 'a whole number')
      .default(10)
      .describe(`Most stops in the answer; 10 without it, ${MOST_STOPS} at most`),
  })
  .superRefine(({ near, radius, q }, { addIssue }) => {
    const say = (field: string, message: string) => addIssue({ code: 'custom', path: [field], message });
    if (near === undefined && q === undefined) {
      say('near', 'one of ?near and ?q is needed');
      say('q', 'one of ?near and ?q is needed');
    }
    if (near === undefined && radius !== undefined) say('radius', 'means something only together with ?near');
  });

export const servicesQuery = z.strictObject({
  ...pagingQuery,
  q: serviceNumber.optional().describe('Only services whose number begins with this, in capitals or not'),
});
export const servicePath = z.strictObject({ number: serviceNumber.describe('As on the bus, in capitals or not') });
export const directQuery = z.strictObject({
  from: stopCode.describe('Where to get on: the five digits on the stop'),
  to: stopCode.describe('Where to get off'),
});

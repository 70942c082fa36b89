/** What comes in over HTTP where it has to do with alerts. */
import { ECDH } from 'node:crypto';
import * as z from 'zod';
import { ALERT_ID } from '#shared/bus/alert-records.ts';
import { MOST_ALERT_MS } from '#shared/bus/alerts.ts';
import type { Clock } from '#shared/clock.ts';
import { ENDPOINT_RULE, pushAddress } from '#shared/push/push-services.ts';
import { serviceNumber, stopCode } from './schema.ts';

const HOURS = MOST_ALERT_MS / 3_600_000;
const UNTIL_RULE = `must be a time within the next ${HOURS} hours, such as 2026-01-01T08:30:00+08:00`;

export const alertPath = z.strictObject({
  id: z
    .string()
    .regex(ALERT_ID, 'must be the id of an alert: 43 letters, digits, - and _')
    .describe('The id of the alert'),
});

const minutes = (most: number) => {
  const rule = `must be whole minutes from 0 to ${most}`;
  return z.int(rule).min(0, rule).max(most, rule);
};

/** `services` are HAWKER_PUSH_SERVICES. */
export function alertBody({ services, clock }: { services: readonly string[]; clock: Clock }) {
  const endpoint = z
    .string()
    .refine((text) => pushAddress(text, services) !== undefined, ENDPOINT_RULE)
    .describe('Where the browser is reached; whoever has it can send to the browser, so it is never answered');
  const target = z
    .strictObject({
      endpoint,
      expirationTime: z.number().nullable().optional().describe('As browsers write it; not looked at'),
      keys: z.strictObject({
        p256dh: z.string().refine(isPoint, 'must be an uncompressed point of P-256, 65 bytes as base64url'),
        auth: z.string().regex(/^[\w-]{22}$/, 'must be 16 bytes as base64url'),
      }),
    })
    .describe("A browser's PushSubscription, as its toJSON() gives it");
  return z
    .strictObject({
      target,
      stop: stopCode,
      service: serviceNumber.describe('The number of the service, in capitals or not'),
      row: z
        .string()
        .regex(/^[\w.-]{1,20}~[\w.-]{1,20}~\d$/, 'must be the id of a row of the arrivals')
        .optional()
        .describe(
          'The id of a row of the arrivals, where the service has several at this stop; any of them without it',
        ),
      walk: minutes(120).describe('Minutes to walk to the stop'),
      lead: minutes(60).default(2).describe('Minutes to be there before the bus'),
      until: z.iso
        .datetime({ offset: true, error: UNTIL_RULE })
        .refine((text) => {
          const ahead = Date.parse(text) - clock.now();
          return ahead > 0 && ahead <= MOST_ALERT_MS;
        }, UNTIL_RULE)
        .optional()
        .describe(`Nothing is told after this; at most ${HOURS} hours ahead, 2 hours without it`),
      lang: z.enum(['en', 'zh', 'ms', 'ta'], 'must be en, zh, ms or ta').default('en').describe('Of the notification'),
    })
    .meta({ id: 'AlertRequest' });
}

/** Whether it is on the curve, which whoever encrypts for it relies on. */
function isPoint(text: string): boolean {
  if (!/^B[\w-]{86}$/.test(text)) return false;
  try {
    ECDH.convertKey(text, 'prime256v1', 'base64url');
    return true;
  } catch {
    return false;
  }
}

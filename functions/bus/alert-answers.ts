/** What goes out over HTTP where it has to do with alerts; for the description alone. */
import * as z from 'zod';
import { leaveSchema, time } from './answers.ts';

export const pushAnswer = z.object({
  publicKey: z
    .string()
    .describe('What `applicationServerKey` must be: an uncompressed point of P-256 as base64url. Always the same'),
});

const asked = {
  id: z.string(),
  stop: z.string(),
  service: z.string(),
  row: z.string().nullable(),
  walk: z.int(),
  lead: z.int(),
  until: time,
  lang: z.enum(['en', 'zh', 'ms', 'ta']),
};

export const alertState = z
  .object({
    ...asked,
    state: z
      .enum(['waiting', 'telling', 'sent', 'expired', 'failed'])
      .describe(
        '`telling`: its time has come. `sent`: the push service has it. `expired`: its time did not come before `until`, or came too late. `failed`: the browser cannot be told',
      ),
    at: time.optional().describe('When it came to this state; absent while it waits'),
    eta: time.optional().describe('Of the bus it was about'),
    reason: z.string().optional(),
  })
  .meta({ id: 'Alert' });

export const alertMade = z
  .object({
    ...asked,
    state: z.literal('waiting'),
    leave: leaveSchema
      .nullable()
      .describe('What can be said now; null where the arrivals cannot be had at this moment'),
  })
  .meta({ id: 'AlertMade' });

/** The data of a `bus.leave` event, checked before anything is sent: the topic may carry what another version, or somebody else, put there. */
import * as z from 'zod';
import { ALERT_ID } from '#shared/bus/alert-records.ts';
import type { LeaveEvent } from '#shared/bus/alerts.ts';
import { AppError } from '#shared/errors.ts';

const time = z.iso.datetime({ offset: true });
const name = z.string().max(200);

const leaveSchema = z.object({
  alert: z.string().regex(ALERT_ID),
  target: z.object({
    endpoint: z.string().max(2_000),
    keys: z.object({ p256dh: z.string().max(100), auth: z.string().max(100) }),
  }),
  stop: z.string().regex(/^\d{5}$/),
  stopName: name.nullable(),
  service: z.string().min(1).max(10),
  row: z.string().max(100).optional(),
  destination: name.nullable(),
  eta: time,
  leaveAt: time,
  monitored: z.boolean(),
  walk: z.int(),
  lead: z.int(),
  until: time,
  lang: z.enum(['en', 'zh', 'ms', 'ta']),
  madeAt: time,
});

/** Throws `invalid`, which no later delivery can change, naming each field that is wrong and no value. */
export function parseLeave(data: unknown): LeaveEvent {
  const { success, data: leave, error } = leaveSchema.safeParse(data);
  if (success) return leave as LeaveEvent;
  const fields = [
    ...new Set(error.issues.map(({ path }) => path.map((part) => `/${String(part)}`).join('') || 'data')),
  ];
  throw new AppError('invalid', `this is no event of bus.leave: ${fields.join(', ')} not valid`);
}

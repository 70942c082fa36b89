/** The data of a `link.hit` event, checked before it is counted: the topic may carry what another version, or somebody else, put there. */
import * as z from 'zod';
import { AppError } from '#shared/errors.ts';
import { type Hit, LABELS, MATCHES, STATUSES } from '#shared/links/records.ts';

const id = z.string().min(1).max(200);

const hitSchema = z.object({
  linkId: id,
  host: z.string().max(300),
  slug: z.string(),
  match: z.enum(MATCHES),
  target: z.string(),
  status: z.literal(STATUSES),
  label: z.enum(LABELS),
  reason: z.string(),
  visitor: id.optional(),
  referrer: z.string().optional(),
  userAgent: z.string().optional(),
  country: z.string().optional(),
});

/** Throws `invalid`, which no later delivery can change, naming each field that is wrong. */
export function parseHit(data: unknown): Hit {
  const { success, data: hit, error } = hitSchema.safeParse(data);
  if (success) return hit as Hit;
  const errors = error.issues.map(({ path, message }) => ({
    pointer: path.map((part) => `/${String(part)}`).join(''),
    detail: message,
  }));
  const told = errors.map(({ pointer, detail }) => `${pointer || 'data'}: ${detail}`).join('; ');
  throw new AppError('invalid', `this is no hit (${told})`, { errors });
}

/** What a link or a domain may not say, whoever asks. Each refusal names the field. */
import { AppError, isAppError } from '#shared/errors.ts';
import { targetHost } from '#shared/links/link-targets.ts';
import { findLoop } from '#shared/links/loops.ts';
import { checkTarget } from '#shared/links/target.ts';
import type { ChangeSet } from './change-set.ts';

/** The target as it is stored. Throws `target_refused`. */
export async function acceptTarget(set: ChangeSet, text: string, pointer: string): Promise<string> {
  const url = URL.parse(text);
  const host = url?.hostname ? targetHost(url.href) : undefined;
  const served = host !== undefined && (await set.lookup.domain(host)) !== undefined;
  return at(pointer, () => checkTarget(text, (asked) => served && asked === host));
}

/** A rule's own subject, which is left out where the field is named beside it. */
const SUBJECT = /^the (?:slug|target) /;

/** Runs a rule that knows no fields, and names the one it was about. */
export function at<T>(pointer: string, rule: () => T): T {
  try {
    return rule();
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new AppError(error.code, error.message, {
      errors: [{ pointer, detail: error.message.replace(SUBJECT, '') }],
    });
  }
}

/** Throws `invalid` for a link that would end before it begins. */
export function refuseBackwards({ validFrom, validUntil }: { validFrom?: string; validUntil?: string }): void {
  if (validFrom === undefined || validUntil === undefined || Date.parse(validFrom) < Date.parse(validUntil)) return;
  const detail = 'must be after validFrom';
  throw new AppError('invalid', `/validUntil: ${detail}`, { errors: [{ pointer: '/validUntil', detail }] });
}

/** Throws `redirect_loop`, and otherwise makes the commit depend on every domain that was looked at. */
export async function refuseLoop(
  set: ChangeSet,
  change: Parameters<typeof findLoop>[1][number],
  pointer: string,
  now: number,
): Promise<void> {
  const { loop, states } = await findLoop(set.lookup, [change], now);
  if (!loop) return set.expect(states);
  const detail = `would redirect in a circle, or too often: ${loop.join(' -> ')}`;
  throw new AppError('redirect_loop', detail, { errors: [{ pointer, detail }] });
}

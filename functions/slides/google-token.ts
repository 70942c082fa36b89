/** The caller's own access token for Google. Authorization is taken: it says who may use Hawker. */
import { AppError } from '#shared/errors.ts';

export const GOOGLE_TOKEN = 'X-Google-Access-Token';

/** Throws `bad_request`, which does not repeat it. */
export function readGoogleToken(given: string): string {
  if (!/^[\w.~+/=-]{1,4096}$/.test(given))
    throw new AppError('bad_request', `${GOOGLE_TOKEN} must be an access token alone, without Bearer before it`);
  return given;
}

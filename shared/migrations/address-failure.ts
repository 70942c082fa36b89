/** What becomes of Google's failures where a target's address is looked for. */
import { AppError, isAppError } from '../errors.ts';

/** What Google refuses is to be set right by a person; what it does not answer may come by itself. Its words hold no secret. */
export function googleFailure(error: unknown, what: string): AppError {
  // Of what is kept nothing may be told, such as how it is wrongly encoded.
  if (!isAppError(error)) return new AppError('not_configured', `${what}, which is no text in UTF-8`);
  const passing = isAppError(error, 'unavailable') || isAppError(error, 'too_many_requests');
  return new AppError(passing ? 'unavailable' : 'not_configured', `${what}: ${error.message}`);
}

import { ImageFault } from '../images/fault.ts';
import type { ImageError } from './outcome.ts';

/** What `attempt` answers; where it throws an ImageFault, that as a value. */
export function orError<T>(attempt: () => T): T | ImageError {
  try {
    return attempt();
  } catch (error) {
    if (!(error instanceof ImageFault)) throw error;
    return { code: error.code, detail: error.message };
  }
}

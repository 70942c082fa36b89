/** The last line of a process that cannot start. */

import { ConfigError } from '../config.ts';
import { AppError, messageOf } from '../errors.ts';
import { redact } from '../telemetry/redact.ts';
import { StartError } from './listen.ts';

/** Reasons that a person can mend are told in one line; anything else keeps its stack. Exits with 1. */
export function exitWithReason(error: unknown): never {
  const foreseen = error instanceof ConfigError || error instanceof StartError || error instanceof AppError;
  const reason = foreseen || !(error instanceof Error) ? messageOf(error) : (error.stack ?? error.message);
  process.stderr.write(`hawker: ${redact(reason)}\n`);
  process.exit(1);
}

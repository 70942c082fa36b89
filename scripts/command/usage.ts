/** What was typed wrongly, or asked about. */
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** It was called wrongly; the message is one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** `--help` was typed; the message is the text. */
export class HelpWanted extends Error {
  override readonly name = 'HelpWanted';
}

/** Options and what stands without a dash. Throws UsageError. */
export function parseTyped<const O extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: O,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    // Node's own words, of which the first sentence says it.
    throw new UsageError((error as Error).message.split(/\.\s/)[0] ?? '');
  }
}

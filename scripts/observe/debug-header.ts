/** `observe debug-header`: a header that has the requests which bear it logged in detail and traced, wherever they arrive. */
import { loadConfig } from '#shared/config.ts';
import { AppError } from '#shared/errors.ts';
import { DEBUG_HEADER, debugHeader } from '#shared/telemetry/debug-header.ts';
import { HelpWanted, parseTyped, UsageError } from '../command/usage.ts';

const LINE = 'usage: npm run -s observe -- debug-header [--minutes <n>]';

const TEXT = `${LINE}
  --minutes   how long it is good for: 1 to 60, 15 without it
It is signed with HAWKER_DEBUG_KEY, which the functions must have too. Send it with a request:
  curl -H "$(npm run -s observe -- debug-header)" http://localhost:8080/bus/v2/services`;

const USUAL = 15;
/** A header is good for an hour at most; this machine's clock may be a little ahead of the other's. */
const SPARE_SECONDS = 10;

export async function run(args: string[]): Promise<number> {
  const minutes = readMinutes(args);
  const { HAWKER_DEBUG_KEY: key } = loadConfig();
  if (key === undefined) throw new AppError('not_configured', 'HAWKER_DEBUG_KEY is not set: nothing could sign it');
  const expires = Math.floor(Date.now() / 1000) + minutes * 60 - SPARE_SECONDS;
  process.stdout.write(`${DEBUG_HEADER}: ${debugHeader(key, expires)}\n`);
  return 0;
}

function readMinutes(args: readonly string[]): number {
  const { values, positionals } = parseTyped(args, {
    minutes: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) throw new HelpWanted(TEXT);
  if (positionals.length > 0) throw new UsageError(`what is ${JSON.stringify(positionals[0])} for? ${LINE}`);
  const { minutes = String(USUAL) } = values;
  if (!/^[1-9]\d?$/.test(minutes) || Number(minutes) > 60)
    throw new UsageError('--minutes must be a whole number from 1 to 60');
  return Number(minutes);
}

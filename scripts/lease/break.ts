/** `lease break`: takes a lease away from its holder, and writes down who did and why. */
import { hostname, userInfo } from 'node:os';
import { say, sayJson } from '../command/print.ts';
import { UsageError } from '../command/usage.ts';
import { openConfigured } from './open.ts';
import { readArguments } from './usage.ts';

const TEXT = `usage: npm run lease -- break <name> --reason <text> [--json]
  --reason   why, for whoever wonders later: 1 to 200 characters
Writes that the holder fences fail from now on; it learns the rest with its next renewal.`;

export async function run(args: string[]): Promise<number> {
  const { name, options, json } = readArguments(args, {
    text: TEXT,
    name: 'needed',
    options: ['reason'],
  });
  const reason = options['reason']?.trim() ?? '';
  if (reason.length < 1 || reason.length > 200 || /\p{Cc}/u.test(reason))
    throw new UsageError('--reason must say why, in 1 to 200 characters of one line');
  await using opened = await openConfigured();
  const view = await opened.leases.break(name, reason, `${user()}@${hostname()} (command line)`);
  if (json) sayJson(view);
  else say(`${name}: ${view.why}`);
  return 0;
}

function user(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as containers have it.
    return String(process.getuid?.() ?? 'unknown');
  }
}

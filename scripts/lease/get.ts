/** `lease get`: one lease, with all that is written down about it. */
import { AppError } from '#shared/errors.ts';
import { sayJson } from '../command/print.ts';
import { openConfigured } from './open.ts';
import { sayLease } from './show.ts';
import { readArguments } from './usage.ts';

export async function run(args: string[]): Promise<number> {
  const { name, json } = readArguments(args, {
    text: 'usage: npm run lease -- get <name> [--json]',
    name: 'needed',
  });
  await using opened = await openConfigured();
  const view = await opened.leases.observe(name);
  if (!view) throw neverHeld(name);
  if (json) sayJson(view);
  else sayLease(view);
  return 0;
}

export function neverHeld(name: string): AppError {
  return new AppError('not_found', `nobody has ever held a lease named ${name}`);
}

/** `lease history`: the terms of a lease, the newest first. */

import { sayJson } from '../command/print.ts';
import { UsageError } from '../command/usage.ts';
import { neverHeld } from './get.ts';
import { openConfigured } from './open.ts';
import { sayTerms } from './show.ts';
import { readArguments } from './usage.ts';

const TEXT = `usage: npm run lease -- history <name> [--limit <terms>] [--json]
  --limit   how many terms at most: 1 to 500, 20 without it`;

export async function run(args: string[]): Promise<number> {
  const { name, options, json } = readArguments(args, {
    text: TEXT,
    name: 'needed',
    options: ['limit'],
  });
  const limit = options['limit'] ?? '20';
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > 500)
    throw new UsageError(`--limit must be a whole number from 1 to 500, not ${JSON.stringify(limit)}`);
  await using opened = await openConfigured();
  const items = await opened.leases.history(name, Number(limit));
  if (items.length === 0 && !(await opened.leases.observe(name))) throw neverHeld(name);
  if (json) sayJson({ items });
  else sayTerms(items);
  return 0;
}

/** `lease ls`: all leases in the order of their names. */
import type { Leases, LeaseView } from '#shared/lease/lease.ts';
import { sayJson } from '../command/print.ts';
import { openConfigured } from './open.ts';
import { sayLeases } from './show.ts';
import { readArguments } from './usage.ts';

const PAGE = 500;

export async function run(args: string[]): Promise<number> {
  const { json } = readArguments(args, { text: 'usage: npm run lease -- ls [--json]' });
  await using opened = await openConfigured();
  const items = await allLeases(opened.leases);
  if (json) sayJson({ items });
  else if (items.length === 0) process.stderr.write('nobody has ever held a lease here\n');
  else sayLeases(items);
  return 0;
}

export async function allLeases(leases: Leases): Promise<LeaseView[]> {
  const found: LeaseView[] = [];
  let cursor: string | undefined;
  do {
    const page = await leases.list({ limit: PAGE, ...(cursor !== undefined && { cursor }) });
    found.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}

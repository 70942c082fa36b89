/** What the actions on dead letters do. */
import type { Queue } from '#shared/queue/queue.ts';
import { sayJson } from '../command/print.ts';
import { sayLetters, sayTable } from './show.ts';
import type { Command } from './usage.ts';

/** Answers the exit code. */
export function runDlq(command: Command, queue: Queue): Promise<number> {
  return command.action === 'ls' || command.action === 'show' ? look(command, queue) : touch(command, queue);
}

async function look({ action, subscription, ids, limit, json }: Command, queue: Queue): Promise<number> {
  const letters = await queue.deadLetters(subscription, ids ? { ids } : { newest: limit });
  const missing = missingOf(
    ids,
    letters.map(({ id }) => id),
  );
  const rows = letters.map(({ id, event, attempts, at, reason }) => ({ id, type: event.type, attempts, at, reason }));
  if (json) sayJson({ items: action === 'ls' ? rows : letters, ...(missing.length > 0 && { missing }) });
  else if (action === 'ls') sayTable(rows);
  else sayLetters(letters);
  if (!ids && letters.length === 0 && !json) tell(`${subscription} has no dead letters`);
  if (!ids && letters.length === limit && !json) tell(`these are ${limit}; there may be more, see --limit`);
  return toldMissing(subscription, missing);
}

async function touch({ action, subscription, ids, limit, json }: Command, queue: Queue): Promise<number> {
  const choice = ids ? { ids } : { oldest: limit };
  const redrive = action === 'redrive';
  const touched = await (redrive ? queue.redrive(subscription, choice) : queue.purge(subscription, choice));
  const missing = missingOf(ids, touched);
  if (json) sayJson({ [redrive ? 'redriven' : 'purged']: touched, ...(missing.length > 0 && { missing }) });
  else {
    const what = `${touched.length} dead letter${touched.length === 1 ? '' : 's'} of ${subscription}`;
    process.stdout.write(`${what} ${redrive ? 'redriven' : 'purged'}\n`);
  }
  return toldMissing(subscription, missing);
}

function missingOf(wanted: readonly string[] | undefined, found: readonly string[]): string[] {
  return (wanted ?? []).filter((id) => !found.includes(id));
}

function toldMissing(subscription: string, missing: readonly string[]): number {
  if (missing.length > 0) tell(`${subscription} has no dead letter ${missing.join(', ')}`);
  return missing.length > 0 ? 1 : 0;
}

function tell(text: string): void {
  process.stderr.write(`queue: ${text}\n`);
}

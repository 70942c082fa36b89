/** `lease watch`: how leases stand, then a line for each change. It looks once a second, so of what came and went in between it tells nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '#shared/errors.ts';
import type { LeaseView } from '#shared/lease/lease.ts';
import { oneLine, say, sayJson } from '../command/print.ts';
import { allLeases } from './ls.ts';
import { openConfigured } from './open.ts';
import { readArguments } from './usage.ts';

const EVERY_MS = 1_000;

const TEXT = `usage: npm run lease -- watch [<name>] [--json]
Watches one lease, or all. Each look is a read for each lease, once a second.`;

export async function run(args: string[]): Promise<number> {
  const { name, json } = readArguments(args, { text: TEXT, name: 'maybe' });
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => ending.abort());
  await using opened = await openConfigured();
  const { leases } = opened;
  const look = async () => {
    if (name === '') return allLeases(leases);
    const view = await leases.observe(name);
    return view ? [view] : [];
  };

  let known = new Map<string, LeaseView>();
  let trouble = '';
  while (!ending.signal.aborted) {
    try {
      const seen = new Map((await look()).map((view) => [view.name, view]));
      for (const view of seen.values())
        if (tellingOf(view) !== tellingOf(known.get(view.name))) tell(json, view.name, view);
      for (const gone of known.keys()) if (!seen.has(gone)) tell(json, gone);
      known = seen;
      trouble = '';
    } catch (error) {
      // Said once, not once a second; what was known stays known.
      if (messageOf(error) !== trouble) process.stderr.write(`lease: ${oneLine(messageOf(error))}; looking again\n`);
      trouble = messageOf(error);
    }
    await sleep(EVERY_MS, undefined, { signal: ending.signal }).catch(() => undefined);
  }
  return 0;
}

/** What is a change when it differs: a renewal is none. */
function tellingOf(view: LeaseView | undefined): string {
  const { holder, term, token, note, successor, broken } = view ?? {};
  return JSON.stringify([holder, term, token, note, successor, broken]);
}

function tell(json: boolean, name: string, view?: LeaseView): void {
  const at = new Date().toISOString();
  if (json) sayJson({ at, name, ...(view ?? { gone: true }) });
  else say(`${at}  ${name}  ${view?.why ?? 'its record is gone'}`);
}

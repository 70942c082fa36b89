/** `rehearse`: all migrations up, down and up again on an empty database that is thrown away. */
import { rehearsalTold } from '#functions/migrations/rehearse-told.ts';
import type { Rehearsal } from '#shared/migrations/rehearse/rehearse.ts';
import { say, sayJson } from '../command/print.ts';
import { EXIT } from './exit-codes.ts';
import type { Opened } from './open.ts';
import { catchSignals } from './signals.ts';

const ENGINES = {
  pglite: 'a PostgreSQL in this process',
  sqlite: 'a temporary file',
  scratch: 'a database of its own on the scratch server',
} as const;

export async function rehearse(
  { targets, rehearsed }: Opened,
  { target, json }: { target?: string; json: boolean },
  chosenOf: (
    all: Awaited<ReturnType<Opened['targets']>>,
    name: string | undefined,
  ) => Promise<Awaited<ReturnType<Opened['targets']>>[number]>,
): Promise<number> {
  const chosen = await chosenOf(await targets(), target);
  const stop = catchSignals({
    stopping: (signal) => process.stderr.write(`migrate: ${signal}: giving the rehearsal up\n`),
  });
  let told: Rehearsal;
  try {
    told = await rehearsed(chosen, stop.signal);
  } catch (error) {
    const code = stop.code();
    if (code !== undefined) return code;
    throw error;
  }
  if (json) sayJson(rehearsalTold(chosen.name, told));
  else sayRehearsal(chosen.name, told);
  return told.ok ? EXIT.done : EXIT.rehearsal;
}

function sayRehearsal(name: string, { ok, engine, ms, steps, problems }: Rehearsal): void {
  for (const { version, name: called, up, down, upAgain } of steps) {
    const ways = [up, down, upAgain].map((way, k) => way && `${['up', 'down', 'up again'][k]} ${way.ms} ms`);
    say(`${name}: ${version} ${called}: ${ways.filter(Boolean).join(', ')}`);
  }
  for (const { version, direction, kind, detail } of problems) {
    const what = kind === 'failed' ? `${direction} failed` : kind;
    say(`${name}: ${version}: ${what}: ${detail}`);
  }
  say(`${name}: ${ok ? 'rehearsed' : 'rehearsed, with problems'}, ${steps.length} in ${ms} ms on ${ENGINES[engine]}`);
}

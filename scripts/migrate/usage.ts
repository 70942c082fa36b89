/** What was typed after `npm run migrate --`, or one line that says what is wrong with it. */
import type { Command } from '#shared/migrations/run.ts';
import { KINDS, type Kind } from '#shared/migrations/target.ts';
import { oneLine } from '../command/print.ts';
import { HelpWanted, UsageError } from '../command/usage.ts';
import { type RolloutTyped, readRolloutTyped } from './rollout-usage.ts';
import { dollars, duration, id, MINUS_ONE, MOST_STEPS, parseHyphened, version, whole } from './typed-numbers.ts';

export type Typed =
  | RolloutTyped
  | ({ target?: string; json: boolean; yes: boolean } & (
      | { does: 'status' | 'verify' | 'unlock' | 'rehearse' }
      | { does: 'plan'; command: Command; weigh?: { samples: number } }
      | { does: 'lint'; path?: string; kind?: Kind; sarif: boolean }
      | { does: 'run'; command: Command; lockTimeoutMs?: number; maxCostUsd?: number }
      | { does: 'history'; limit: number }
      | { does: 'cancel' | 'pause'; run: string }
      | { does: 'resume'; run: string }
      | { does: 'create'; name: string; time: boolean }
    ));

const TEXT = `usage: npm run migrate -- <command> [--target <name>] [--json]
  status         how far each database is, what is pending, who is at work
  plan [<run>]   the files that a run would take, such as plan down 1, their locks and the sizes of tables;
                 --samples <rows> shows rows of a backfill before and after
  lint           what is dangerous in the files; --path <folder> --kind <kind> for files of no target, --sarif
  rehearse       all files up, down and up again on an empty database that is thrown away
  up [N]         applies what is pending, or N of it
  down N         takes N back
  goto V         moves to version V, file by file
  force V        sets the version and cleans it, and runs nothing; -1 is none
  baseline V     says that a database without a version is there already
  redo           takes the last one back and applies it again
  rebless [V]    takes the text of files that were edited since they were applied for the one that was, and runs nothing
  verify         whether files, history and version agree
  history        what took effect, the newest first; --limit <rows>, 20 without it
  rollout ...    up or goto for many databases, wave after wave; see rollout --help
  fleet          which database is at which version, and whether equal versions have equal schemas
  cancel <run>   stops a run between two files, or two pages of a backfill
  pause <run>    the same, and it can go on
  resume <run>   goes on with a paused run, here
  unlock         who holds the lease and the database's lock, and the SQL that would end it; with --yes breaks the lease
  create <name>  makes a pair of empty files, numbered; --time puts the time there instead

  --target        the database, as HAWKER_DATABASES names it; may be left out where there is one
  --json          one JSON document at the end, as the HTTP interface answers it
  --dry-run       what a run would do, and nothing is done
  --lock-timeout  how long a run waits for others, from 100ms to 10m: 30s without it, and 79s for SQLite
  --max-cost      refuses a migration that is likely to cost more US dollars, such as 0.50
  --compat        golang-migrate's own command line and words instead; see --compat -help
Exits with 0: done, 3: no change, 4: something is pending (status), 5: locked by others, 6: dirty, 7: they do not agree (verify), 8: lint found errors or rehearse a problem, 9: goes on elsewhere, 1: failed, 2: typed wrongly.`;

const RUNS = ['up', 'down', 'goto', 'force', 'baseline', 'redo', 'rebless'] as const;
const OTHERS = [
  'status',
  'plan',
  'lint',
  'rehearse',
  'verify',
  'history',
  'cancel',
  'pause',
  'resume',
  'unlock',
  'create',
] as const;

/** Options that are for some commands alone. */
const OWN: Record<string, readonly string[]> = {
  'dry-run': RUNS,
  'lock-timeout': RUNS,
  'max-cost': RUNS,
  limit: ['history'],
  samples: ['plan'],
  path: ['lint'],
  kind: ['lint'],
  sarif: ['lint'],
  time: ['create'],
  yes: ['unlock'],
};

/** Throws UsageError and HelpWanted. */
export function readTyped(args: readonly string[]): Typed {
  if (args[0] === 'rollout' || args[0] === 'fleet') return readRolloutTyped(args);
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseHyphened(args, {
    ...{ target: text, limit: text, samples: text, path: text, kind: text, sarif: flag },
    ...{ 'lock-timeout': text, 'max-cost': text },
    ...{ json: flag, yes: flag, 'dry-run': flag, time: flag, help: { ...flag, short: 'h' } },
  });
  if (values.help) throw new HelpWanted(TEXT);
  const [name, ...rest] = positionals;
  const commands = [...OTHERS, 'rollout', 'fleet', ...RUNS];
  if (name === undefined) throw new UsageError(`name a command: ${commands.join(', ')}`);
  for (const [option, of] of Object.entries(OWN))
    if (values[option as keyof typeof values] !== undefined && !of.includes(name))
      throw new UsageError(`--${option} is not for ${oneLine(name)}`);
  if (values.target !== undefined && !/^[a-z0-9-]{1,63}$/.test(values.target))
    throw new UsageError("a target's name has 1 to 63 lower-case letters, digits and -");
  const common = {
    ...(values.target !== undefined && { target: values.target }),
    ...{ json: values.json === true, yes: values.yes === true },
  };
  if (includes(RUNS, name)) {
    const command = readCommand(name, rest);
    const wait = values['lock-timeout'];
    const lockTimeoutMs = wait === undefined ? undefined : duration(wait);
    if (values['dry-run']) return { ...common, does: 'plan', command };
    const cost = values['max-cost'];
    return {
      ...{ ...common, does: 'run', command },
      ...(lockTimeoutMs !== undefined && { lockTimeoutMs }),
      ...(cost !== undefined && { maxCostUsd: dollars(cost) }),
    };
  }
  const only = (most: number) => {
    if (rest.length > most) throw new UsageError(`what is ${JSON.stringify(rest[most])} for? See --help`);
  };
  switch (name) {
    case 'plan': {
      const [of = 'up', ...more] = rest;
      if (!includes(RUNS, of)) throw new UsageError(`plan is for ${RUNS.join(', ')}, not ${oneLine(of)}`);
      const samples = values.samples === undefined ? 0 : whole('--samples', values.samples, 20);
      return { ...common, does: 'plan', command: readCommand(of, more), weigh: { samples } };
    }
    case 'status':
    case 'verify':
    case 'unlock':
    case 'rehearse':
      only(0);
      return { ...common, does: name };
    case 'lint': {
      only(0);
      const { path, kind, sarif = false } = values;
      if ((path === undefined) !== (kind === undefined)) throw new UsageError('--path and --kind go together');
      if (path !== undefined && values.target !== undefined) throw new UsageError('--path or --target, not both');
      if (kind !== undefined && !includes(KINDS, kind)) throw new UsageError(`--kind is one of ${KINDS.join(', ')}`);
      return {
        ...common,
        does: 'lint',
        sarif,
        ...(path !== undefined && { path }),
        ...(kind !== undefined && { kind }),
      };
    }
    case 'history':
      only(0);
      return { ...common, does: 'history', limit: whole('--limit', values.limit ?? '20', 500) };
    case 'cancel':
    case 'pause':
    case 'resume':
      only(1);
      return { ...common, does: name, run: id(name, 'run', rest[0]) };
    case 'create': {
      only(1);
      if (rest[0] === undefined) throw new UsageError('create needs a name for the files');
      return { ...common, does: 'create', name: rest[0], time: values.time === true };
    }
  }
  throw new UsageError(`there is no command ${oneLine(name)}; there are ${commands.join(', ')}`);
}

function readCommand(command: (typeof RUNS)[number], [given, ...more]: readonly string[]): Command {
  if (more.length > 0 || (command === 'redo' && given !== undefined))
    throw new UsageError(`what is ${JSON.stringify(more[0] ?? given)} for? See --help`);
  switch (command) {
    case 'up':
      return { command, ...(given !== undefined && { steps: whole('up', given, MOST_STEPS) }) };
    case 'down':
      if (given === undefined) throw new UsageError('down needs a number: how many to take back');
      return { command, steps: whole('down', given, MOST_STEPS) };
    case 'redo':
      return { command };
    case 'rebless':
      return { command, ...(given !== undefined && { version: version(command, given) }) };
    case 'force':
      return { command, version: given === MINUS_ONE ? undefined : version(command, given) };
    default:
      return { command, version: version(command, given) };
  }
}

function includes<T extends string>(list: readonly T[], value: string): value is T {
  return (list as readonly string[]).includes(value);
}

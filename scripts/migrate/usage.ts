/** What was typed after `npm run migrate --`, or one line that says what is wrong with it. */
import type { Version } from '#shared/migrations/migration.ts';
import type { Command } from '#shared/migrations/run.ts';
import { oneLine } from '../command/print.ts';
import { HelpWanted, parseTyped, UsageError } from '../command/usage.ts';

export type Typed = { target?: string; json: boolean; yes: boolean } & (
  | { does: 'status' | 'verify' | 'unlock' }
  | { does: 'plan'; command: Command }
  | { does: 'run'; command: Command; lockTimeoutMs?: number }
  | { does: 'history'; limit: number }
  | { does: 'cancel'; run: string }
  | { does: 'create'; name: string; time: boolean }
);

const TEXT = `usage: npm run migrate -- <command> [--target <name>] [--json]
  status         how far each database is, what is pending, who is at work
  plan [<run>]   the files that a run would take, such as plan down 1; without it those of up
  up [N]         applies what is pending, or N of it
  down N         takes N back
  goto V         moves to version V, file by file
  force V        sets the version and cleans it, and runs nothing; -1 is none
  baseline V     says that a database without a version is there already
  redo           takes the last one back and applies it again
  verify         whether files, history and version agree
  history        what took effect, the newest first; --limit <rows>, 20 without it
  cancel <run>   stops a run between two files
  unlock         who holds the lease and the database's lock, and the SQL that would end it; with --yes breaks the lease
  create <name>  makes a pair of empty files, numbered; --time puts the time there instead

  --target        the database, as HAWKER_DATABASES names it; may be left out where there is one
  --json          one JSON document at the end, as the HTTP interface answers it
  --dry-run       what a run would do, and nothing is done
  --lock-timeout  how long a run waits for others: 15s without it, from 100ms to 10m
  --compat        golang-migrate's own command line and words instead; see --compat -help
Exits with 0: done, 3: no change, 4: something is pending (status), 5: locked by others, 6: dirty, 7: they do not agree (verify), 9: goes on elsewhere, 1: failed, 2: typed wrongly.`;

const MOST = 2n ** 64n - 1n;
const MOST_STEPS = 1_000_000;
const RUNS = ['up', 'down', 'goto', 'force', 'baseline', 'redo'] as const;
const OTHERS = ['status', 'plan', 'verify', 'history', 'cancel', 'unlock', 'create'] as const;

/** Options that are for some commands alone. */
const OWN: Record<string, readonly string[]> = {
  'dry-run': RUNS,
  'lock-timeout': RUNS,
  limit: ['history'],
  time: ['create'],
  yes: ['unlock'],
};

/** Throws UsageError and HelpWanted. */
export function readTyped(args: readonly string[]): Typed {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseTyped(
    // Otherwise an option that nobody knows.
    args.map((arg) => (arg === '-1' ? 'none' : arg)),
    {
      ...{ target: text, limit: text, 'lock-timeout': text },
      ...{ json: flag, yes: flag, 'dry-run': flag, time: flag, help: { ...flag, short: 'h' } },
    },
  );
  if (values.help) throw new HelpWanted(TEXT);
  const [name, ...rest] = positionals;
  const commands = [...OTHERS, ...RUNS];
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
    return { ...common, does: 'run', command, ...(lockTimeoutMs !== undefined && { lockTimeoutMs }) };
  }
  const only = (most: number) => {
    if (rest.length > most) throw new UsageError(`what is ${JSON.stringify(rest[most])} for? See --help`);
  };
  switch (name) {
    case 'plan': {
      const [of = 'up', ...more] = rest;
      if (!includes(RUNS, of)) throw new UsageError(`plan is for ${RUNS.join(', ')}, not ${oneLine(of)}`);
      return { ...common, does: 'plan', command: readCommand(of, more) };
    }
    case 'status':
    case 'verify':
    case 'unlock':
      only(0);
      return { ...common, does: name };
    case 'history':
      only(0);
      return { ...common, does: 'history', limit: whole('--limit', values.limit ?? '20', 500) };
    case 'cancel': {
      only(1);
      const [run = ''] = rest;
      if (!/^[\w-]{1,100}$/.test(run)) throw new UsageError('cancel needs the id of a run');
      return { ...common, does: 'cancel', run };
    }
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
    case 'force':
      return { command, version: given === 'none' ? undefined : version(command, given) };
    default:
      return { command, version: version(command, given) };
  }
}

function version(command: string, given: string | undefined): Version {
  if (given === undefined) throw new UsageError(`${command} needs a version`);
  if (given === 'none')
    throw new UsageError(`-1, which is none, is for force alone${command === 'goto' ? '; down leads there' : ''}`);
  if (!/^\d{1,20}$/.test(given) || BigInt(given) > MOST)
    throw new UsageError(`a version is a whole number from 0 to ${MOST}, not ${JSON.stringify(given)}`);
  return BigInt(given);
}

function whole(what: string, given: string, most: number): number {
  if (!/^\d{1,7}$/.test(given) || Number(given) < 1 || Number(given) > most)
    throw new UsageError(`${what} takes a whole number from 1 to ${most}, not ${JSON.stringify(given)}`);
  return Number(given);
}

/** Milliseconds, of `15s`, `500ms`, `2m` or bare seconds. */
function duration(given: string): number {
  const [, number, unit = 's'] = /^(\d{1,6})(ms|s|m)?$/.exec(given) ?? [];
  const ms = Number(number) * { ms: 1, s: 1_000, m: 60_000 }[unit as 'ms' | 's' | 'm'];
  if (!(ms >= 100 && ms <= 600_000))
    throw new UsageError(`--lock-timeout must be a time from 100ms to 10m, such as 15s, not ${JSON.stringify(given)}`);
  return ms;
}

function includes<T extends string>(list: readonly T[], value: string): value is T {
  return (list as readonly string[]).includes(value);
}

/** What was typed, read as Go's `flag` package reads it: options end at the first word without a dash, `-x v`, `-x=v` and `--x` are one. */
import type { Version } from '#shared/migrations/migration.ts';

/** To be printed as it is, with this exit code. */
export class GoUsage extends Error {
  override readonly name = 'GoUsage';
  readonly code: number;
  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

interface Global {
  path?: string;
  source?: string;
  database?: string;
  /** Ours: instead of the three, a name in HAWKER_DATABASES. */
  target?: string;
  lockTimeoutMs: number;
}

export type Confirmed = Global &
  (
    | { command: 'up'; limit?: number }
    /** `all`, and `ask`: all, after somebody said yes. */
    | { command: 'down'; limit: number | 'all' | 'ask' }
    | { command: 'goto'; version: Version }
    | { command: 'force'; version?: Version }
    | { command: 'version' }
  );
export type GoTyped =
  | Confirmed
  | (Global & { command: 'create'; dir: string; extension: string; sequential: boolean; name: string });

export const USAGE = `Usage: migrate OPTIONS COMMAND [arg...]
       migrate [ -version | -help ]

Options:
  -source          Where the migrations are (file://path)
  -path            Short for -source=file://path
  -database        The database (driver://url)
  -target          Instead of these, a name in HAWKER_DATABASES
  -prefetch N      Taken, and without effect
  -lock-timeout N  How many seconds to wait for the lock (default 15)
  -verbose         Taken, and without effect
  -version         Print version
  -help            Print usage

Commands:
  create -ext sql [-dir D] [-seq] NAME   Make a pair of empty files
  goto V                                 Migrate to version V
  up [N]                                 Apply all or N up migrations
  down [N] [-all]                        Apply all or N down migrations
  drop                                   Refused here
  force V                                Set version V and run nothing (ignores the dirty state)
  version                                Print the current version

Source drivers: file
Database drivers: mysql, pgx, pgx4, pgx5, postgres, postgresql, sqlite, sqlite3`;

const MOST = 2n ** 64n - 1n;
const MOST_SIGNED = 2n ** 63n - 1n;

const GLOBAL: Record<string, 'text' | 'flag'> = {
  ...{ source: 'text', path: 'text', database: 'text', target: 'text', prefetch: 'text', 'lock-timeout': 'text' },
  ...{ verbose: 'flag', version: 'flag', help: 'flag', h: 'flag' },
};
const COMMANDS: Record<string, Record<string, 'text' | 'flag'>> = {
  create: { ext: 'text', dir: 'text', seq: 'flag', digits: 'text', format: 'text', tz: 'text' },
  goto: {},
  up: {},
  down: { all: 'flag' },
  drop: { f: 'flag' },
  force: {},
  version: {},
};

const fail = (text: string) => new GoUsage(`error: ${text}`, 1);

/** Throws GoUsage. */
export function readGoTyped(args: readonly string[]): GoTyped {
  const { values, rest } = readFlags(args, GLOBAL, USAGE);
  if (values['version']) throw new GoUsage('hawker', 0);
  if (values['help'] || values['h']) throw new GoUsage(USAGE, 0);
  const [command, ...words] = rest;
  if (command === undefined || !Object.hasOwn(COMMANDS, command)) throw new GoUsage(USAGE, 2);
  const wait = values['lock-timeout'] ?? '15';
  if (!/^\d{1,6}$/.test(wait))
    throw new GoUsage(`invalid value ${JSON.stringify(wait)} for flag -lock-timeout: parse error\n${USAGE}`, 2);
  const global: Global = {
    ...Object.fromEntries(
      ['path', 'source', 'database', 'target'].flatMap((name) => (values[name] ? [[name, values[name]]] : [])),
    ),
    lockTimeoutMs: Math.min(600_000, Number(wait) * 1_000),
  };
  const flags = COMMANDS[command] ?? {};
  const own = readFlags(
    words,
    { ...flags, help: 'flag', h: 'flag' },
    `Usage of ${command}:${['help', ...Object.keys(flags)].map((name) => `\n  -${name}`).join('')}`,
  );
  if (own.values['help'] || own.values['h']) throw new GoUsage(USAGE, 0);
  return readCommand(command, own.rest, own.values, global);
}

function readCommand(
  command: string,
  [word, ...more]: string[],
  values: Record<string, string | undefined>,
  global: Global,
): GoTyped {
  switch (command) {
    case 'create': {
      if (word === undefined) throw fail('please specify name');
      if (!values['ext']) throw fail('-ext flag must be specified');
      const other = ['digits', 'format', 'tz'].find((name) => values[name] !== undefined);
      if (other) throw fail(`-${other} is not supported`);
      const how = {
        dir: values['dir'] ?? '.',
        extension: values['ext'].replace(/^\./, ''),
        sequential: values['seq'] !== undefined,
      };
      return { ...global, command, ...how, name: word };
    }
    case 'up':
      return { ...global, command, ...(word !== undefined && { limit: limitOf(word) }) };
    case 'down':
      if (values['all'] !== undefined && word !== undefined) throw fail('-all cannot be used with other arguments');
      if (more.length > 0) throw fail('too many arguments');
      if (word !== undefined) return { ...global, command, limit: limitOf(word) };
      return { ...global, command, limit: values['all'] === undefined ? 'ask' : 'all' };
    case 'goto':
      return { ...global, command, version: versionOf(word, MOST) };
    case 'force': {
      if (word !== undefined && /^-\d{1,18}$/.test(word)) {
        if (BigInt(word) < -1n) throw fail('argument V must be >= -1');
        if (BigInt(word) === -1n) return { ...global, command };
      }
      return { ...global, command, version: versionOf(word, MOST_SIGNED) };
    }
    case 'version':
      return { ...global, command };
    default:
      throw fail('drop is refused here: it would delete every table of the database');
  }
}

function versionOf(word: string | undefined, most: bigint): Version {
  if (word === undefined) throw fail('please specify version argument V');
  if (!/^\d{1,20}$/.test(word) || BigInt(word) > most) throw fail("can't read version argument V");
  return BigInt(word);
}

function limitOf(word: string): number {
  // The planner takes no more steps than a number holds exactly, and no folder has as many files.
  if (!/^\d{1,15}$/.test(word)) throw fail("can't read limit argument N");
  return Number(word);
}

function readFlags(args: readonly string[], known: Record<string, 'text' | 'flag'>, usage: string) {
  const values: Record<string, string | undefined> = {};
  let at = 0;
  for (; at < args.length; at++) {
    const arg = args[at] ?? '';
    if (arg === '--') return { values, rest: args.slice(at + 1) };
    if (!arg.startsWith('-') || arg === '-') break;
    const [, name = '', value] = /^--?([^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) throw new GoUsage(`flag provided but not defined: -${name}\n${usage}`, 2);
    if (kind === 'flag') {
      if (value !== 'false') values[name] = 'true';
    } else if (value !== undefined) values[name] = value;
    else if (at + 1 < args.length) values[name] = args[++at];
    else throw new GoUsage(`flag needs an argument: -${name}\n${usage}`, 2);
  }
  return { values, rest: args.slice(at) };
}

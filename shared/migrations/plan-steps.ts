/**
 * Which steps a command takes: golang-migrate's rules (migrate.go), and its words where it refuses. What is ours: a version that the bundle lacks can be taken back with the text that the
 * history kept of it, `irreversible` is heeded, nothing is begun that would be refused half-way, and where the policy says so, what was merged late comes first on the way up.
 */
import { AppError } from '../errors.ts';
import { scriptOf } from './bundle.ts';
import { lateMigrations } from './deviations.ts';
import { LARGEST_STORED } from './file-name.ts';
import type { Bundle, Migration, Step, Version, VersionState } from './migration.ts';
import { checkRebless } from './rebless.ts';
import { absent, dirty, refused, tooLarge } from './refusals.ts';
import { replayHistory } from './replay-history.ts';
import type { Command } from './run.ts';
import type { HistoryRow } from './session.ts';
import type { Policy } from './target.ts';

export interface Planned {
  /** In their order. None: there is nothing to do, or for force and baseline nothing to run: their version is stamped. */
  steps: Step[];
  /** So many fewer than asked for: golang-migrate takes those steps and then fails, with `shortText`. */
  short?: number;
}

/** What golang-migrate says after its steps. */
export function shortText({ steps, short }: Planned): string | undefined {
  if (short === undefined) return undefined;
  return steps.length === 0 ? 'file does not exist' : `limit ${short} short`;
}

/** Throws `migration_dirty` or `migration_refused`; `invalid` for a number of steps that is none. History is newest first. */
export function planSteps(
  command: Command,
  bundle: Bundle,
  state: VersionState,
  history: readonly HistoryRow[],
  policy: Policy = {},
): Planned {
  if (command.command === 'force' || command.command === 'baseline') {
    checkForce(command, bundle, state);
    return { steps: [] };
  }
  if (command.command === 'rebless') {
    checkRebless(command, bundle, state, history);
    return { steps: [] };
  }
  const wanted = 'steps' in command ? command.steps : undefined;
  if (wanted !== undefined && !(Number.isSafeInteger(wanted) && wanted >= 0))
    throw new AppError('invalid', 'steps must be a whole number from 0');
  // golang-migrate does not even look at the database then.
  if (wanted === 0) return { steps: [] };
  if (state.dirty) throw dirty(state);
  const late = policy.late === 'apply' ? lateMigrations(bundle, state, history) : [];
  const planned = stepsOf(command, createWay(bundle, state.version, { history, late }), state.version);
  for (const step of planned.steps) check(step);
  return planned;
}

/** Force goes anywhere, even to versions without a file; baseline only to one that has a file, on a database without a version. */
export function checkForce(
  { command, version }: Extract<Command, { command: 'force' | 'baseline' }>,
  bundle: Bundle,
  state: VersionState,
): void {
  if (version !== undefined && version < 0n) throw refused('version must be >= -1');
  if (version !== undefined && version > LARGEST_STORED) throw tooLarge(version);
  if (command === 'force') return;
  if (state.dirty) throw dirty(state);
  if (state.version !== undefined)
    throw refused(`baseline is for a database without a version, and this one is at ${state.version}`);
  if (!bundle.migrations.some((migration) => migration.version === version)) throw absent(version);
}

function stepsOf(
  command: Exclude<Command, { command: 'force' | 'baseline' | 'rebless' }>,
  way: Way,
  current: Version | undefined,
): Planned {
  switch (command.command) {
    case 'up':
      return take(way.up(current), command.steps);
    case 'down':
      return take(way.down(current), command.steps);
    case 'goto': {
      const { version: goal } = command;
      way.demand(current);
      way.demand(goal);
      if (current === undefined || goal > current || (goal === current && way.isLate))
        return { steps: [...upTo(way.up(current), ({ to }) => to !== undefined && to <= goal)] };
      return { steps: [...upTo(way.down(current), ({ from }) => from !== undefined && from > goal)] };
    }
    case 'redo': {
      const [down] = take(way.down(current), 1).steps;
      if (!down) throw refused('no migration');
      // The text of its way up is in its file alone.
      way.demandFile(current);
      check(down);
      if (!down.migration.down) throw refused(`redo takes ${current} back first, and there is no file that does`);
      return { steps: [down, { ...down, direction: 'up', from: down.to, to: down.from }] };
    }
  }
}

interface Way {
  /** Throws where this version is neither in the bundle nor known to the history with its way back. */
  demand(version: Version | undefined): void;
  /** Throws where it is not in the bundle. */
  demandFile(version: Version | undefined): void;
  /** Whether there is something late to take. */
  isLate: boolean;
  up(from: Version | undefined): Generator<Step>;
  down(from: Version | undefined): Generator<Step>;
}

function createWay(
  bundle: Bundle,
  current: Version | undefined,
  { history, late }: { history: readonly HistoryRow[]; late: readonly Migration[] },
): Way {
  const { migrations } = bundle;
  const places = new Map(migrations.map(({ version }, place) => [version, place]));
  const { applied } = replayHistory(history, current);
  /** From the top. */
  const known = [...new Set([...places.keys(), ...applied.keys()])].sort((a, b) => (a < b ? 1 : -1));

  const demandFile = (version: Version | undefined) => {
    if (version !== undefined && !places.has(version)) throw absent(version);
  };

  /** With its way back, if need be as it was when it was applied. */
  const find = (version: Version): Migration => {
    const migration = migrations[places.get(version) ?? -1];
    if (migration?.down) return migration;
    const { name = '', down } = applied.get(version) ?? {};
    if (down !== undefined) return { name, version, ...migration, down: scriptOf(`${version}_${name}.down.sql`, down) };
    if (!migration) throw absent(version);
    return migration;
  };

  /** The file before, as for golang-migrate; but one that was applied and has no file any more is not passed over, since what it made would stay behind unseen. */
  const before = (version: Version) => known.find((other) => other < version);

  return {
    demand(version) {
      if (version !== undefined) find(version);
    },
    demandFile,
    isLate: late.length > 0,
    *up(from) {
      demandFile(from);
      // An empty folder is a slip of whoever built the image, and no success.
      if (from === undefined && migrations.length === 0) throw refused('first .: file does not exist');
      // golang-migrate's row never goes down on the way up.
      for (const migration of late) yield { direction: 'up', migration, from, to: from };
      let at = from;
      for (const migration of migrations.slice(from === undefined ? 0 : (places.get(from) ?? 0) + 1)) {
        yield { direction: 'up', migration, from: at, to: migration.version };
        at = migration.version;
      }
    },
    *down(from) {
      for (let at = from; at !== undefined; ) {
        const to = before(at);
        yield { direction: 'down', migration: find(at), from: at, to };
        at = to;
      }
    },
  };
}

function take(steps: Iterable<Step>, most: number | undefined): Planned {
  if (most === undefined) return { steps: [...steps] };
  const taken: Step[] = [];
  for (const step of steps) {
    taken.push(step);
    if (taken.length === most) return { steps: taken };
  }
  return { steps: taken, short: most - taken.length };
}

function* upTo(steps: Iterable<Step>, wanted: (step: Step) => boolean): Generator<Step> {
  for (const step of steps) {
    if (!wanted(step)) return;
    yield step;
  }
}

function check({ direction, migration: { up, down }, to }: Step): void {
  if (to !== undefined && to > LARGEST_STORED) throw tooLarge(to);
  const final = [up, down].find((script) => script?.directives.irreversible);
  if (direction === 'down' && final) throw refused(`${final.file} says that it is irreversible; nothing was run`);
}

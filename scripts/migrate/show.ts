/** The same answers for people. */
import type { driftTold, historyTold, holderTold, planTold } from '#functions/migrations/told.ts';
import type { RunRecord } from '#shared/migrations/run.ts';
import { describeHolders } from '#shared/migrations/wait-for-lock.ts';
import { oneLine, say } from '../command/print.ts';
import { sayWeight } from './show-weight.ts';
import type { Teller } from './watch.ts';

type Holder = ReturnType<typeof holderTold>;
type Drift = ReturnType<typeof driftTold>;
interface State {
  version: string | null;
  dirty: boolean;
}

/** Lines while a run lasts; with `quiet` only what cannot wait for the end. */
export function teller(target: string, quiet: boolean): Teller {
  const tell = (text: string) => (quiet ? undefined : say(`${target}: ${text}`));
  return {
    began: (run) => tell(`run ${run}`),
    waiting: ({ what, holders }) => tell(`waits for the ${what}, held by ${describeHolders(what, holders)}`),
    applied: ({ direction, migration }, ms) =>
      tell(`${direction} ${migration.version} ${migration.name} (${Math.round(ms)} ms)`),
    // Not on standard output, which may be a document's.
    stopping: (signal) =>
      process.stderr.write(`migrate: ${signal}: stopping after this file; once more ends at once\n`),
  };
}

const at = ({ version, dirty }: State) =>
  `${version === null ? 'no version' : `version ${version}`}${dirty ? ', dirty' : ''}`;

/** `at the failing file`, as far as it is known. */
export function sayRunEnd(id: string, record: RunRecord): void {
  const { target, state, command, done = 0, planned, to, error, changed } = record;
  sayWarnings(target, record.warnings);
  const now = to ? `; at ${at(to)}` : '';
  if (state === 'done' && !changed) {
    say(`${target}: no change${now}`);
    return;
  }
  if (state === 'done') {
    const what = command === 'rebless' ? `done: the files of ${done} count as what was applied` : 'done';
    say(`${target}: ${what}${now}`);
    return;
  }
  if (state === 'cancelled') {
    say(`${target}: stopped after ${done} of ${planned}${now}${error ? `; ${error.detail}` : ''}`);
    return;
  }
  if (state === 'paused') {
    say(`${target}: paused after ${done} of ${planned}${now}; to go on: resume ${id}`);
    return;
  }
  if (state !== 'failed') {
    say(`${target}: run ${id} goes on elsewhere, ${state}`);
    return;
  }
  const { file, line, statement, detail = '' } = error ?? {};
  const where = [file, statement !== undefined && `statement ${statement}`, line !== undefined && `line ${line}`];
  // What databases say is told with its place already.
  const named = file !== undefined && detail.startsWith(`${file}:`) ? '' : where.filter(Boolean).join(', ');
  process.stderr.write(`migrate: ${oneLine(`${target}: ${named && `${named}: `}${detail}${now}`)}\n`);
}

/** Not on standard output: whoever reads that for its lines has no use for them. */
function sayWarnings(target: string, warnings: readonly string[] = []): void {
  for (const warning of warnings) process.stderr.write(`${oneLine(`${target}: warning: ${warning}`)}\n`);
}

type Told = { name: string; kind: string } & (
  | { error: { detail: string } }
  | (State & { pending: number; drift: Drift; holder?: NonNullable<Holder> })
);

export function sayStatus(told: Told): void {
  const { name, kind } = told;
  if ('error' in told) {
    say(`${name} (${kind}): ${told.error.detail}`);
    return;
  }
  const differ = driftText(told.drift);
  say(`${name} (${kind}): ${at(told)}, ${told.pending} pending${differ && `; ${differ}`}`);
  sayHolder(name, told.holder);
}

function driftText(drift: Drift): string {
  return Object.entries(drift)
    .filter(([, list]) => list.length > 0)
    .map(([what, list]) => `${what}: ${list.map(({ version, name }) => `${version} ${name}`).join(', ')}`)
    .join('; ');
}

function sayHolder(name: string, holder: Holder): void {
  const { lease, database } = holder ?? {};
  if (lease) say(`${name}: lease: ${lease.why}`);
  if (database) say(`${name}: lock: ${describeHolders('lock', database)}`);
}

export function sayHolders(
  name: string,
  { broken, holder, error }: { broken: boolean; holder?: NonNullable<Holder>; error?: { detail: string } },
): void {
  if (error) say(`${name}: ${error.detail}`);
  else if (!holder) say(`${name}: nobody holds anything`);
  sayHolder(name, holder);
  if (broken) say(`${name}: the lease is broken; a session that holds the database's lock is ended by its SQL alone`);
}

export function sayPlan(name: string, { command, steps, short, warnings }: ReturnType<typeof planTold>): void {
  sayWarnings(name, warnings);
  if (steps.length === 0) say(`${name}: ${command} would run no file`);
  for (const { direction, version, name: called, from, to, file, transaction, ...weight } of steps) {
    const how =
      file === undefined
        ? 'no file, the version moves alone'
        : `${file}${transaction ? '' : ', without a transaction'}`;
    say(`${name}: ${direction} ${version} ${called} (${how}${from === to ? ', merged late' : ''})`);
    sayWeight(name, weight);
  }
  if (short !== undefined) say(`${name}: ${short} fewer than asked for, so it would fail after these`);
}

export function sayVerified(
  told: State & { target: string; ok: boolean; drift: Drift; historyAt?: string | null },
): void {
  const moved = told.historyAt !== undefined && `the history ends at ${at({ version: told.historyAt, dirty: false })}`;
  const differ = [driftText(told.drift), moved].filter(Boolean).join('; ');
  say(`${told.target}: ${at(told)}: ${told.ok ? 'all agrees' : differ || 'nobody knows how the last one ended'}`);
}

export function sayHistory(name: string, items: readonly ReturnType<typeof historyTold>[]): void {
  if (items.length === 0) say(`${name}: nothing was run from here`);
  for (const { at: when, direction, version, name: called, ms, by, run } of items)
    say(`${when}  ${direction} ${version} ${called} (${Math.round(ms)} ms) by ${by}, run ${run}`);
}

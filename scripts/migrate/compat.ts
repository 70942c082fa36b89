/** `--compat`: golang-migrate's command line (internal/cli of its version 4), all of it on standard error as there. */
import { stateTold } from '#functions/migrations/versions.ts';
import { AppError } from '#shared/errors.ts';
import type { Bundle } from '#shared/migrations/migration.ts';
import type { Command } from '#shared/migrations/run.ts';
import type { Target } from '#shared/migrations/target.ts';
import { compatTarget } from './compat-target.ts';
import { type Confirmed, type GoTyped, GoUsage, readGoTyped } from './compat-usage.ts';
import { AddressError } from './database-url.ts';
import {
  ASK_DOWN,
  DOWN_AGREED,
  DOWN_REFUSED,
  errorText,
  fileLine,
  NO_CHANGE,
  NO_MIGRATION,
  STOPPING,
} from './go-texts.ts';
import { type Opened, openMigrate } from './open.ts';
import type { Teller } from './watch.ts';

/** It is printed behind `error: `. */
class GoError extends Error {
  override readonly name = 'GoError';
}

/** Answers the exit code: golang-migrate's 0, 1 or 2, and 143 where SIGTERM came, which it does not handle. */
export async function runCompat(args: readonly string[]): Promise<number> {
  try {
    const typed = readGoTyped(args);
    if (typed.command === 'create') return await create(typed);
    if (typed.command === 'down' && typed.limit === 'ask' && !(await agreed())) return 1;
    return await run(typed);
  } catch (error) {
    if (error instanceof GoUsage) {
      tell(error.message);
      return error.code;
    }
    if (error instanceof AppError) tell(`error: ${errorText({ code: error.code, detail: error.message }, undefined)}`);
    else if (error instanceof GoError || error instanceof AddressError) tell(`error: ${error.message}`);
    else throw error;
    return 1;
  }
}

async function run(typed: Confirmed): Promise<number> {
  const { target, source, unused } = compatTarget(typed);
  for (const name of unused) tell(`migrate: ${name} has no effect here`);
  await using opened = await openMigrate(target);
  return await opened.observed(`migrate ${typed.command}`, () => carryOut(opened, typed, source));
}

async function carryOut(opened: Opened, typed: Confirmed, source: string): Promise<number> {
  const of = await targetOf(opened, typed);
  const bundle = await bundleOf(opened, of, source);
  if (typed.command === 'version') return version(opened, of);
  const command = await commandOf(typed, opened, of, bundle);
  if (!command) {
    tell(NO_CHANGE);
    return 0;
  }
  const asked = { target: of.name, command, lockTimeoutMs: typed.lockTimeoutMs };
  const { record, stop } = await opened.carryOut(asked, teller);
  if (record.state === 'failed' && record.error) {
    tell(`error: ${errorText(record.error, (record.to ?? record.from)?.version)}`);
    return 1;
  }
  if (record.state === 'done' && !record.changed) tell(NO_CHANGE);
  return stop.by() === 'SIGTERM' && record.state !== 'done' ? 143 : 0;
}

const teller: Teller = {
  waiting: () => undefined,
  applied: ({ direction, migration: { version: of, name, ...migration } }, ms) => {
    const called = migration[direction] ? name : '<empty>';
    tell(fileLine({ version: of, name: called, direction, ms }));
  },
  stopping: () => tell(STOPPING),
};

/** Undefined where golang-migrate would not even look. */
async function commandOf(
  typed: Confirmed,
  { runner }: Opened,
  { name }: Target,
  { migrations }: Bundle,
): Promise<Command | undefined> {
  switch (typed.command) {
    case 'up':
      if (typed.limit === 0) return undefined;
      return { command: 'up', ...(typed.limit !== undefined && { steps: typed.limit }) };
    case 'down': {
      if (typeof typed.limit === 'number')
        return typed.limit === 0 ? undefined : { command: 'down', steps: typed.limit };
      const { state } = await runner.status(name);
      const { version: at } = state;
      if (at === undefined && !state.dirty) return undefined;
      // At least one, so that whatever stands in the way is told.
      const below = migrations.filter(({ version: of }) => at !== undefined && of <= at).length;
      return { command: 'down', steps: Math.max(1, below) };
    }
    case 'goto':
      return { command: 'goto', version: typed.version };
    default:
      return { command: 'force', version: 'version' in typed ? typed.version : undefined };
  }
}

async function version({ runner }: Opened, { name }: Target): Promise<number> {
  const { version: at, dirty } = stateTold((await runner.status(name)).state);
  if (at === null) throw new GoError(NO_MIGRATION);
  tell(dirty ? `${at} (dirty)` : at);
  return 0;
}

async function targetOf({ targets }: Opened, { target }: GoTyped): Promise<Target> {
  const all = await targets();
  const found = target === undefined ? all[0] : all.find(({ name }) => name === target);
  if (!found || (target === undefined && all.length > 1))
    throw new GoError('-path and -database, or --target, must say which');
  return found;
}

/** golang-migrate opens its source first. */
async function bundleOf(opened: Opened, target: Target, source: string): Promise<Bundle> {
  try {
    return await opened.bundle(target);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const missing = (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
    const why = missing ? 'open .: no such file or directory' : error.message;
    throw new GoError(`failed to open source, ${JSON.stringify(source)}: ${why}`);
  }
}

async function create({ dir, extension, sequential, name }: Extract<GoTyped, { command: 'create' }>): Promise<number> {
  if (extension !== 'sql') throw new GoError(`only files with the extension sql are made here, not ${extension}`);
  const { create: createFiles } = await import('#shared/migrations/create-files.ts');
  for (const file of await createFiles(dir, name, sequential ? { sequential } : { time: new Date() })) tell(file);
  return 0;
}

async function agreed(): Promise<boolean> {
  tell(ASK_DOWN);
  let answer = '';
  for await (const chunk of process.stdin) {
    answer += String(chunk);
    if (answer.includes('\n')) break;
  }
  const yes = answer.trim().toLowerCase() === 'y';
  tell(yes ? DOWN_AGREED : DOWN_REFUSED);
  return yes;
}

function tell(text: string): void {
  // A file's name may hold anything, and a terminal obeys some of it.
  process.stderr.write(`${text.replaceAll(/[^\P{Cc}\n\t]/gu, ' ')}\n`);
}

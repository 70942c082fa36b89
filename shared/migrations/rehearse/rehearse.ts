/**
 * A rehearsal: all migrations on an empty database of their own, up, down and up again, so that what will run was run, ways back included. It never touches the target's own database.
 *
 * Migrations that can be taken back are gone through together: each up, each down from the last on, each up again; after every step the schema must be what it was at that version before. One that has no way back ends such a
 * stretch and is applied once behind it. The order of a table's columns is not compared: a column that was dropped and added again is the last one, and only making the table anew would put it back.
 */
import type { Clock } from '../../clock.ts';
import type { Ids } from '../../ids.ts';
import type { AddressGiven } from '../address.ts';
import type { Bundle, Version } from '../migration.ts';
import type { Target } from '../target.ts';
import { openScratch } from './scratch.ts';
import { walk } from './walk.ts';

/** Where it was rehearsed: in this process (`pglite`, a PostgreSQL in memory), in a temporary file (`sqlite`), or on the server that the target names for it (`scratch`). */
export type Engine = 'pglite' | 'sqlite' | 'scratch';

export interface RehearsedStep {
  version: Version;
  name: string;
  /** Milliseconds of each way; absent where it did not come to that. */
  up?: { ms: number };
  down?: { ms: number };
  upAgain?: { ms: number };
}

export interface Problem {
  version: Version;
  direction: 'up' | 'down';
  /** `no way back` is a note: it has no file for it, or says that it is irreversible. */
  kind: 'failed' | 'down differs' | 'up again differs' | 'no way back';
  detail: string;
}

export interface Rehearsal {
  /** There is nothing but notes. */
  ok: boolean;
  engine: Engine;
  ms: number;
  /** As far as it came: it ends at a step that failed, once what is below it was gone through. */
  steps: RehearsedStep[];
  problems: Problem[];
}

export interface RehearseGiven extends Omit<AddressGiven, 'clock'> {
  clock: Clock;
  ids: Ids;
  bundle: Bundle;
}

/**
 * Throws the signal's reason; `migration_refused` where this kind of database cannot be rehearsed here, `not_configured` where the scratch server's address is not to be had, `unavailable` where it does not answer, or
 * keeps a database that it was to drop.
 */
export async function rehearse(target: Target, given: RehearseGiven): Promise<Rehearsal> {
  const { clock, signal, bundle } = given;
  const since = clock.mono();
  const scratch = await openScratch(target, given);
  let walked: Awaited<ReturnType<typeof walk>>;
  try {
    walked = await walk(bundle, scratch, signal);
  } catch (error) {
    await scratch.close().catch(() => {});
    signal.throwIfAborted();
    throw error;
  }
  await scratch.close();
  const { steps, problems } = walked;
  const ok = problems.every(({ kind }) => kind === 'no way back');
  return { ok, engine: scratch.engine, ms: Math.round(clock.mono() - since), steps, problems };
}

/**
 * MySQL and MariaDB. Their DDL commits by itself, so a step is atomic with its stamp only where it is made of INSERT, UPDATE, DELETE, REPLACE, SELECT and SET on InnoDB tables. Every other one is marked
 * dirty first, as golang-migrate does, and keeps a row of progress: it is known exactly which statement it came to, and a later run goes on behind it.
 */
import type { Clock } from '../clock.ts';
import { unlessAborted } from '../unless-aborted.ts';
import type { Route } from './address.ts';
import { parseAddress } from './mysql/address.ts';
import { applyStep, statementsOf } from './mysql/apply.ts';
import { backfillOf, estimate, lookBackfill, preview } from './mysql/backfill.ts';
import { cancelRunning } from './mysql/cancel.ts';
import { ask, type Context, inTransaction, lockNameOf, quoteName } from './mysql/context.ts';
import { asAppError, isMissingTable } from './mysql/failures.ts';
import { schemaOf } from './mysql/fingerprint.ts';
import { holdsLock, lockHolders, tryLock, unlock } from './mysql/lock.ts';
import { clearProgress, readProgress, truthOf } from './mysql/progress.ts';
import { createProgressOf } from './mysql/progress-of.ts';
import { settings } from './mysql/settings.ts';
import {
  checkFence,
  prepareTables,
  raiseFence,
  readHistory,
  readState,
  writeHistory,
  writeState,
} from './mysql/tables.ts';
import { fingerprintOfLines } from './schema-lines.ts';
import type { Session } from './session.ts';
import type { Target } from './target.ts';
import { sizesOf } from './weigh/mysql-sizes.ts';

const GOODBYE_MS = 2_000;

interface Options {
  signal: AbortSignal;
  application: string;
  clock: Clock;
}

export async function openMysql(target: Target, address: string | Route, options: Options): Promise<Session> {
  options.signal.throwIfAborted();
  const parsed = typeof address === 'string' ? parseAddress(address, target.name) : address;
  const { connect } = await import('./mysql-client.ts');
  let context: Context | undefined;
  const broken = () => {
    if (context) context.lost = true;
  };
  const connecting = connect(parsed, options.application, broken, options.signal);
  let wire: Awaited<typeof connecting>;
  try {
    wire = await unlessAborted(connecting, options.signal);
  } catch (error) {
    // Given up before it came: nobody else would end it.
    connecting.then((late) => late.destroy()).catch(() => {});
    options.signal.throwIfAborted();
    throw asAppError(error);
  }
  const { database } = parsed;
  const named = (name: string) => quoteName(database, name);
  context = {
    ...{ target, database, wire, address: parsed, clock: options.clock },
    names: {
      version: named(target.table),
      history: named('hawker_migration_history'),
      fence: named('hawker_migration_fence'),
      progress: named('hawker_migration_progress'),
      backfill: named('hawker_migration_backfill'),
    },
    lockName: lockNameOf(database, target.table),
    ...{ lost: false, mariadb: false, running: false, cancelled: false },
  };
  try {
    const { rows } = await ask(context, 'SELECT VERSION()');
    context.mariadb = /mariadb/i.test(String(rows[0]?.[0]));
    await settings(context);
  } catch (error) {
    wire.destroy();
    throw error;
  }
  return sessionOn(context);
}

function sessionOn(context: Context): Session {
  const progress = createProgressOf(context);
  return {
    kind: 'mysql',
    prepare: () => prepareTables(context),
    state: async () => {
      try {
        return await readState(context);
      } catch (error) {
        if (isMissingTable((error as Error).cause)) return { version: undefined, dirty: false };
        throw error;
      }
    },
    tryLock: () => tryLock(context),
    holdsLock: () => holdsLock(context),
    unlock: () => unlock(context),
    holders: () => lockHolders(context),
    raiseFence: (token) => raiseFence(context, token),
    apply: (step, given) => applyStep(context, step, given),
    look: async (step) =>
      backfillOf(step)
        ? lookBackfill(context, step)
        : truthOf(step, await readState(context), await readProgress(context, step), statementsOf(step)),
    stamp: (state, given) =>
      inTransaction(context, async () => {
        await checkFence(context, given.token);
        const found = await readState(context, ' FOR UPDATE');
        if (found.version !== state.version || found.dirty !== state.dirty) await writeState(context, state);
        await clearProgress(context);
        const { of = state.version, direction, name, checksum, down } = given;
        await writeHistory(context, { version: of, name, direction, checksum, down, ms: 0 }, given);
      }),
    history: (limit) => readHistory(context, limit),
    schema: () => schemaOf(context),
    fingerprint: async () => fingerprintOfLines(await schemaOf(context)),
    sizes: (names) => sizesOf(context, names),
    estimate: (step) => estimate(context, step),
    preview: (step, rows) => preview(context, step, rows),
    progress: () => progress.ask(),
    cancel: () => cancelRunning(context),
    [Symbol.asyncDispose]: async () => {
      progress.close();
      const { wire, clock, lost, running } = context;
      context.lost = true;
      // A goodbye would wait behind the statement that runs.
      if (lost || running) return wire.destroy();
      const over = new AbortController();
      await Promise.race([wire.end().catch(() => {}), clock.sleep(GOODBYE_MS, over.signal).catch(() => {})]);
      over.abort();
      wire.destroy();
    },
  };
}

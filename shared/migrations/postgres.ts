/** A session with PostgreSQL, 12 or newer: see session.ts. What differs from the others: a step and its stamp are one transaction wherever PostgreSQL allows it. */
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { Route } from './address.ts';
import { applyStep } from './postgres/apply.ts';
import { estimate, preview } from './postgres/backfill.ts';
import type { Context } from './postgres/context.ts';
import { failure, sqlStateOf } from './postgres/failure.ts';
import { schemaOf } from './postgres/fingerprint.ts';
import { holdersOf } from './postgres/holders.ts';
import { connect, type Link } from './postgres/link.ts';
import { lockKeys } from './postgres/lock-keys.ts';
import { look, stateOf } from './postgres/look.ts';
import { refusePooler } from './postgres/pooler.ts';
import { createProgressOf, type ProgressOf } from './postgres/progress-of.ts';
import { createSql, fenceSql, historySql, progressSql, setSql, type Tables } from './postgres/tables.ts';
import { fingerprintOfLines } from './schema-lines.ts';
import type { HistoryRow, Session } from './session.ts';
import type { Target } from './target.ts';
import { sizesOf } from './weigh/postgres-sizes.ts';

export interface PostgresOptions {
  signal: AbortSignal;
  /** What others see of this connection: `hawker migrate <run>`. */
  application: string;
  clock: Clock;
}

export async function openPostgres(
  target: Pick<Target, 'table' | 'lockTimeoutMs' | 'statementTimeoutMs'>,
  address: string | Route,
  options: PostgresOptions,
): Promise<Session> {
  const { clock } = options;
  const application = options.application.startsWith('hawker')
    ? options.application
    : `hawker migrate ${options.application}`;
  const link = await connect(address, { ...options, application });
  try {
    await refusePooler(link, address, { ...options, application });
    const { escapeIdentifier, escapeLiteral } = await import('./pg-client.ts');
    const settings = await settingsOf(link, target);
    const [place] = await link.run('select current_schema(), current_database()');
    const [schema, database] = place?.[0] ?? [];
    if (!schema || !database)
      throw new AppError('migration_refused', 'the search_path of this user names no schema that exists');
    const within = (table: string) => `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`;
    const tables: Tables = {
      schema,
      versions: within(target.table),
      history: within('hawker_migration_history'),
      fence: within('hawker_migration_fence'),
      backfill: within('hawker_migration_backfill'),
      literal: escapeLiteral,
    };
    const context: Context = { link, tables, clock, settings };
    const progress = createProgressOf(link.pid, (closing) => {
      const signal = AbortSignal.any([options.signal, closing]);
      return connect(address, { application: 'hawker progress', clock, signal });
    });
    return sessionOf(context, target.table, lockKeys(schema, target.table, database), progress);
  } catch (error) {
    await link.close();
    options.signal.throwIfAborted();
    throw failure(error, 'while it was being opened');
  }
}

/** Anything a script has set is put back before the next: what it does must not depend on which others ran in the same process. */
async function settingsOf(link: Link, target: Pick<Target, 'lockTimeoutMs' | 'statementTimeoutMs'>): Promise<string[]> {
  const settings = [
    'reset session authorization',
    'reset role',
    'reset all',
    `set lock_timeout = ${target.lockTimeoutMs}`,
    `set statement_timeout = ${target.statementTimeoutMs}`,
    // A process that is frozen between two statements of a script's own transaction must not keep its locks.
    'set idle_in_transaction_session_timeout = 60000',
  ];
  try {
    // Since PostgreSQL 14: without it a statement whose client has died runs to its end, and keeps the lock.
    await link.run('set client_connection_check_interval = 1000');
    settings.push('set client_connection_check_interval = 1000');
  } catch (error) {
    if (sqlStateOf(error) === undefined) throw error;
  }
  await link.run(settings.join(';'));
  return settings;
}

function sessionOf(context: Context, table: string, keys: [string, string], progress: ProgressOf): Session {
  const { link, tables, clock } = context;
  let held = false;

  const ask = async (sql: string, what: string) => {
    try {
      return await link.run(sql);
    } catch (error) {
      throw failure(error, what);
    }
  };
  const both = async (call: string) => {
    const [rows] = await ask(
      // A pooler that was not seen through must not leave it with a server that nobody will ask again.
      `select ${keys.map((key) => `case when pg_backend_pid() = ${link.pid} then ${call}(${key}) end`).join(', ')}`,
      'while the lock was asked for',
    );
    return (rows?.[0] ?? []).map((value) => value === 't');
  };
  const holdsLock = async () => {
    const sql = `select pg_backend_pid() = ${link.pid}, count(*) = 2 from pg_catalog.pg_locks where locktype = 'advisory' and granted and pid = pg_backend_pid()
      and classid = 0 and objsubid = 1 and objid in (${keys.join(', ')})`;
    const [rows] = await ask(sql, 'while the lock was looked at');
    return rows?.[0]?.every((value) => value === 't') === true;
  };

  return {
    kind: 'postgres',
    prepare: async () => {
      for (let turn = 1; ; turn++) {
        try {
          await link.run(createSql(tables).join(';'));
          return;
        } catch (error) {
          // `if not exists` does not keep two who make it at once apart: one of them finds the other's name or type taken.
          const raced = ['23505', '42P07', '42710', 'XX000'].includes(sqlStateOf(error) ?? '');
          if (!raced || turn === 5) throw failure(error, 'while the tables of migrations were made');
        }
      }
    },
    state: () => stateOf(context),
    tryLock: async () => {
      // They count how often they were taken; once is enough.
      if (held && (await holdsLock())) return true;
      const got = await both('pg_try_advisory_lock');
      held = got.every(Boolean);
      for (const [k, one] of got.entries())
        if (one && !held) await ask(`select pg_advisory_unlock(${keys[k]})`, 'while half a lock was given back');
      return held;
    },
    holdsLock,
    unlock: async () => {
      if (!held && !(await holdsLock())) return false;
      held = false;
      return (await both('pg_advisory_unlock')).every(Boolean);
    },
    holders: () => holdersOf(context, keys),
    raiseFence: async (token) => {
      await ask(fenceSql(tables, token), 'while the fence was raised');
    },
    apply: (step, given) => applyStep(context, step, given),
    look: (step) => look(context, step),
    stamp: async (state, { of, checksum, down, ...given }) => {
      const at = new Date(clock.now()).toISOString();
      const row = { ...given, version: of ?? state.version ?? -1n, checksum, down, at };
      const fence = fenceSql(tables, given.token, progressSql(undefined, 0, 0, tables));
      const history = historySql(tables, row);
      await ask(
        ['begin read write', ...context.settings, fence, setSql(tables, state), history, 'commit'].join(';\n'),
        'while the version was set',
      );
    },
    history: async (limit) => {
      const columns = 'version, name, direction, checksum, down, at, ms, run, by, token, bundle';
      const [rows = []] = await link
        .run(`select ${columns} from ${tables.history} order by id desc limit ${Number(limit)}`)
        .catch((error: unknown) => {
          // A database that we have never written to has no such table.
          if (sqlStateOf(error) === '42P01') return [];
          throw failure(error, 'while the history was read');
        });
      return rows.map(([version, name, direction, checksum, down, at, ms, run, by, token, bundle]) => ({
        ...{ version: BigInt(version ?? 0), name: name ?? '', direction: direction as HistoryRow['direction'] },
        ...{ checksum: checksum ?? undefined, down: down ?? undefined, at: at ?? '', ms: Number(ms) },
        ...{ run: run ?? '', by: by ?? '', token: Number(token), bundle: bundle ?? '' },
      }));
    },
    schema: () => schemaOf(context, table, tables.literal),
    fingerprint: async () => fingerprintOfLines(await schemaOf(context, table, tables.literal)),
    sizes: (names) => sizesOf(context, names),
    estimate: (step) => estimate(context, step),
    preview: (step, rows) => preview(context, step, rows),
    progress: () => progress.ask(),
    cancel: () => link.cancel(),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([progress.close(), link.close()]);
    },
  };
}

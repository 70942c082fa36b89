/** What a session is set to before each step, whatever the one before said, as far as it is about our own work: how text is sent, commits, and how long anything waits. */
import type { Script } from '../migration.ts';
import { ask, type Context, quoteName } from './context.ts';

/** With a script: waits as it asks for. Without: as for our own statements, which no limit of a script's may end. */
export async function settings(context: Context, script?: Script): Promise<void> {
  await ask(context, settingsSql(context, script));
}

function settingsSql(context: Context, script: Script | undefined): string {
  const { target, mariadb } = context;
  const lockMs = script?.directives.lockTimeoutMs ?? target.lockTimeoutMs;
  const statementMs = script ? (script.directives.statementTimeoutMs ?? target.statementTimeoutMs) : 0;
  const lockSeconds = Math.max(1, Math.ceil(lockMs / 1_000));
  // MySQL's own limit is for SELECT alone; MariaDB's for everything, in seconds.
  const limit = mariadb ? `max_statement_time = ${statementMs / 1_000}` : `max_execution_time = ${statementMs}`;
  return `SET SESSION lock_wait_timeout = ${lockSeconds}, innodb_lock_wait_timeout = ${lockSeconds}, ${limit}, character_set_client = utf8mb4, character_set_connection = utf8mb4, character_set_results = utf8mb4`;
}

/** Outside of a transaction only, since it would commit it. */
export async function freshSettings(context: Context, script?: Script): Promise<void> {
  await ask(context, `${settingsSql(context, script)}; SET SESSION autocommit = 1; USE ${quoteName(context.database)}`);
}

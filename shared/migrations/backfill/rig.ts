/** What the tests of backfills have in common. */
import { type ChildProcess, spawn } from 'node:child_process';
import { migration } from '../contract-rig.ts';
import type { Backfill } from '../migration.ts';

/** Not to be done twice. The condition holds for all rows. */
export const ADD_ONE = 'UPDATE t SET n = n + 1 WHERE id > 0 OR id <= 0 /* +job page */;\n';
export const paged = (more: Partial<Backfill> = {}) => ({ backfill: { table: 't', key: ['id'], batch: 100, ...more } });
export const stepOf = (up: string, more: Partial<Backfill> = {}) => migration(1n, { up, directives: paged(more) }).up;

/** Numbers as JSON has them or as text, as the client likes. */
export function valuesOf(text: string | null): unknown {
  const read = JSON.parse(text ?? 'null') as Record<string, unknown> | null;
  return read && Object.fromEntries(Object.entries(read).map(([name, value]) => [name, String(value)]));
}

/** Runs a script with a `session`, `migration`, `given`, `pause` and `say`, in a process of its own. */
export function inProcess(opening: string, script: string): ChildProcess {
  const from = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const code = `
    import { writeSync } from 'node:fs';
    import { setTimeout as pause } from 'node:timers/promises';
    import { systemClock } from ${from('../../clock.ts')};
    import { given, migration } from ${from('../contract-rig.ts')};
    import { openMysql } from ${from('../mysql.ts')};
    import { openPostgres } from ${from('../postgres.ts')};
    import { openAt } from ${from('../sqlite-rig.ts')};
    const say = (text) => writeSync(1, text + '\\n');
    const target = { name: 'test', table: 'schema_migrations', lockTimeoutMs: 5_000, statementTimeoutMs: 0 };
    const options = { signal: AbortSignal.timeout(60_000), application: 'child', clock: systemClock };
    const session = await ${opening};
    ${script}`;
  return spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 60_000,
  });
}

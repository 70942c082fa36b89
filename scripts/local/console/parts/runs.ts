/** The last migration runs. */
import type { Runtime } from '#shared/define.ts';
import type { RunRecord } from '#shared/migrations/run.ts';
import { createRuns } from '#shared/migrations/run-records.ts';
import { readTargets } from '#shared/migrations/targets.ts';

export interface RunRow {
  id: string;
  target: string;
  /** As asked: `up`, `goto 5`. */
  command: string;
  state: RunRecord['state'];
  /** Steps that took effect, of those planned. */
  done: number;
  planned: number;
  /** RFC 3339. */
  at: string;
  error?: string;
}

/** Each target costs a listing, so of a fleet only the first are looked at. */
const MOST_TARGETS = 20;
const OF_EACH = 5;
const MOST = 8;

export async function readRuns(runtime: Runtime): Promise<RunRow[]> {
  const runs = createRuns(runtime);
  const targets = (await readTargets(runtime.config)).slice(0, MOST_TARGETS);
  const found = await Promise.all(targets.map(({ name }) => runs.list(name, { limit: OF_EACH })));
  return found
    .flatMap(({ items }) => items.map(({ id, record }) => rowOf(id, record)))
    .sort((a, b) => (a.at < b.at ? 1 : -1))
    .slice(0, MOST);
}

function rowOf(id: string, record: RunRecord): RunRow {
  const { target, command, steps, version, state, done = 0, planned, endedAt, updatedAt, error } = record;
  const asked = [command, steps ?? version ?? ''].join(' ').trim();
  return {
    ...{ id, target, state, done, planned, at: endedAt ?? updatedAt },
    command: record.dryRun ? `${asked} (dry run)` : asked,
    ...(error && { error: error.detail }),
  };
}

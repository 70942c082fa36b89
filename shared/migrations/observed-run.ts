/**
 * What a run tells of itself while it is carried out: spans, fields of the line of the invocation that carries it out, metrics. It may take several invocations; its id is the operation of all their lines,
 * and the messages between them bear its trace.
 *
 * Nothing here holds a script's text or a row's values: of a step that failed it is told what kind of error it was, and the database's own code for it.
 */
import { isAppError } from '../errors.ts';
import { count, gauge } from '../telemetry/metrics.ts';
import { observe, observing } from '../telemetry/observe.ts';
import { currentScope, note } from '../telemetry/scope.ts';
import { databaseCodeOf } from './database-code.ts';
import type { Step } from './migration.ts';
import type { RunRecord } from './run.ts';
import type { Applied, PagesDone, StopReason } from './session.ts';
import type { Kind } from './target.ts';

/** Pages of one part of a step that are spans; of those behind them, only slow ones are, so that the trace of a million pages can still be looked at. */
const MOST_PAGES = 100;
const SLOW_PAGE_MS = 1_000;

/** https://opentelemetry.io/docs/specs/semconv/registry/attributes/db/#db-system-name */
const SYSTEMS: Record<Kind, string> = {
  postgres: 'postgresql',
  mysql: 'mysql',
  sqlite: 'sqlite',
  firestore: 'gcp.firestore',
};

/** Which run an invocation is about: each of its lines says so from here on. */
export function noteRun(
  id: string,
  { target, command, rollout }: Pick<RunRecord, 'target' | 'command' | 'rollout'>,
): void {
  const operation = { id, producer: 'hawker/migrations' };
  note({ run: id, target, command, ...(rollout !== undefined && { rollout }), operation });
}

/** What one invocation does for a run. */
export async function observePart(id: string, record: RunRecord, work: () => Promise<RunRecord>): Promise<RunRecord> {
  if (!observing()) return work();
  noteRun(id, record);
  const { target, command, seq = 0, dryRun } = record;
  const about = { 'hawker.target': target, 'hawker.run': id, 'hawker.migration.command': command };
  return observe(
    {
      name: 'migration.run',
      attributes: { ...about, 'hawker.migration.part': seq, ...(dryRun && { 'hawker.migration.dry_run': true }) },
      failureOf: ({ state, error }) => (state === 'failed' ? (error?.code ?? 'internal') : undefined),
      // Somebody else is at it, as it should be.
      isFailure: (error) => !isAppError(error, 'request_in_progress'),
    },
    async (span) => {
      const answer = await work();
      const { state, done = 0, planned } = answer;
      span?.setAttributes({ 'hawker.migration.state': state, 'hawker.migration.done': done });
      note({ state, done, planned });
      return answer;
    },
  );
}

/** What the log says of a run once this process is no longer at its steps. Where one failed, the line of the invocation says whether the run comes again. */
export function partText(end: 'done' | 'failed' | StopReason): string {
  if (end === 'failed') return 'a run of migrations failed here';
  if (end === 'time over') return 'a run of migrations goes on later: the time for this part is over';
  return `a run of migrations is ${end}`;
}

/** Leaves out a dry run, which changes nothing. */
export function countRun({ target, dryRun }: RunRecord, outcome: RunOutcome): void {
  if (!dryRun) count('hawker.migration.runs', { 'hawker.target': target, 'hawker.outcome': outcome });
}

export type RunOutcome = 'succeeded' | 'failed' | 'cancelled' | 'continued' | 'paused' | 'interrupted';

/** Connecting, and whatever has to be asked for the address before. */
export function observeConnect<T>({ name, kind }: { name: string; kind: Kind }, work: () => Promise<T>): Promise<T> {
  const attributes = { 'db.system.name': SYSTEMS[kind], 'hawker.target': name };
  return observing() ? observe({ name: 'migration.connect', kind: 'client', attributes }, work) : work();
}

/** Waiting for whoever is at work, perhaps not at all. `work` answers undefined or false where it was in vain. */
export function observeLock<T>(what: 'lease' | 'lock', work: () => Promise<T>): Promise<T> {
  if (!observing()) return work();
  return observe(
    {
      name: 'migration.lock',
      attributes: { 'hawker.migration.waits_for': what },
      failureOf: (got) => (got ? undefined : 'lease_held'),
    },
    work,
  );
}

/** One migration, or as much of one in pages as this part of its run does. */
export async function observeStep(
  { migration, direction }: Step,
  { id, target }: { id: string; target: string },
  work: () => Promise<Applied>,
): Promise<Applied> {
  if (!observing()) return work();
  const version = String(migration.version);
  note({ step: `${direction} ${version}_${migration.name}` });
  return observe(
    {
      name: 'migration.step',
      attributes: {
        ...{ 'hawker.target': target, 'hawker.run': id, 'hawker.direction': direction },
        ...{ 'hawker.migration.version': version, 'hawker.migration.name': migration.name },
      },
      measures: {
        metric: 'hawker.migration.step.duration',
        labels: { 'hawker.target': target, 'hawker.direction': direction },
      },
    },
    async (span) => {
      try {
        const applied = await work();
        if (applied.stopped) span?.setAttribute('hawker.migration.stopped', applied.stopped);
        return applied;
      } catch (error) {
        const code = databaseCodeOf(error);
        if (code !== undefined) {
          span?.setAttribute('db.response.status_code', code);
          note({ databaseCode: code });
        }
        throw error;
      }
    },
  );
}

/** Answers what to call after each page of one step. */
export function observePages(): (done: PagesDone) => void {
  let began = performance.now();
  let spans = 0;
  return ({ pages, rows, written }) => {
    const since = began;
    began = performance.now();
    note({ pages, rows });
    if (!currentScope()?.span || (spans >= MOST_PAGES && began - since < SLOW_PAGE_MS)) return;
    spans++;
    const attributes = { 'hawker.migration.pages': pages, 'hawker.migration.rows': rows };
    const step = {
      name: 'migration.backfill_page',
      attributes: { ...attributes, 'hawker.migration.written': written },
    };
    // It is over: nothing is left to be waited for.
    void observe({ ...step, began: since }, () => Promise.resolve());
  };
}

/** From when a run has its locks up to its end: how much is left of it, and for how many milliseconds it has not got on. Answers what ends that. */
export function measureRun(target: string, { left, idleMs }: { left: () => number; idleMs: () => number }): () => void {
  const labels = { 'hawker.target': target };
  const ends = [
    gauge('hawker.migration.pending', () => [{ labels, value: left() }]),
    gauge('hawker.migration.idle', () => [{ labels, value: idleMs() / 1000 }]),
  ];
  return () => {
    for (const end of ends) end();
  };
}

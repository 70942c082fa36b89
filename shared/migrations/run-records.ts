/** The records of runs: documents of `migration-runs`, each at its run's id, and beside each a document that puts it into its target's list. */
import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import { docId, type Store } from '../store/store.ts';
import { countRun } from './observed-run.ts';
import type { Command, RunRecord } from './run.ts';

const COLLECTION = 'migration-runs';
/** How long a record is kept, in milliseconds. */
const RUN_KEPT_MS = 90 * 24 * 3_600_000;
/** A record is written by its worker once a second, and by whoever cancels it. */
const ATTEMPTS = 8;
/** The largest time a Date can hold, so that what is left of it sorts the newest first. */
const LAST_MS = 8.64e15;

export interface AskedRun {
  target: string;
  command: Command;
  dryRun?: boolean;
  /** How long to wait for whoever is at work, in milliseconds; without it the runner decides, by the target's kind. */
  lockTimeoutMs?: number;
  /** Who asks, for the record and the history. */
  by: string;
  maxCostUsd?: number;
  /** The rollout that it is part of. */
  rollout?: string;
}

export interface Runs {
  /** Answers false where there is one of this id already, which is left as it is. */
  create(id: string, record: RunRecord): Promise<boolean>;
  get(id: string): Promise<RunRecord | undefined>;
  /** Reads, changes and writes until nobody was in between (bounded; then `conflict`). `change` answers undefined to leave it as it is. Answers what is there then; undefined where there is no such run. */
  update(id: string, change: (record: RunRecord) => RunRecord | undefined): Promise<RunRecord | undefined>;
  /** A new run, with an id of its own unless one is given; where that is there already, the one that is there. */
  begin(asked: AskedRun, id?: string): Promise<{ id: string; record: RunRecord }>;
  /** Asks a run to stop between two steps; one that nobody works on ends at once. Undefined where there is no such run. */
  cancel(id: string): Promise<RunRecord | undefined>;
  /** Asks a run to stop between two steps or pages, and to be gone on with later; one that nobody works on is paused at once. Undefined where there is no such run. */
  pause(id: string): Promise<RunRecord | undefined>;
  /**
   * Takes a request to pause back, and has a paused run be `queued` with the next `seq`. Whoever gets one that is `queued` publishes its message: also when it was before, since whoever asked then
   * may have died before they did. Undefined where there is no such run.
   */
  resume(id: string): Promise<RunRecord | undefined>;
  /** Of one target, the newest first. */
  list(
    target: string,
    options: { limit: number; after?: string },
  ): Promise<{ items: { id: string; record: RunRecord }[]; next?: string }>;
}

export function createRuns({ store, clock, ids }: { store: Store; clock: Clock; ids: Ids }): Runs {
  const now = () => new Date(clock.now()).toISOString();
  const expireAt = ({ createdAt }: RunRecord) => new Date(Date.parse(createdAt) + RUN_KEPT_MS);

  const get: Runs['get'] = async (id) => (await store.get<RunRecord>(COLLECTION, id))?.value;

  const update: Runs['update'] = async (id, change) => {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const found = await store.get<RunRecord>(COLLECTION, id);
      const changed = found && change(found.value);
      if (!found || !changed) return found?.value;
      const next = { ...changed, updatedAt: now() };
      try {
        await store.replace(COLLECTION, id, next, found.version, { expireAt: expireAt(next) });
        return next;
      } catch (error) {
        if (!isAppError(error, 'conflict')) throw error;
      }
    }
    throw new AppError('conflict', "The run's record was changed by others each time it was about to be written");
  };

  const create: Runs['create'] = async (id, record) => {
    const common = { op: 'create', collection: COLLECTION, expireAt: expireAt(record) } as const;
    const left = String(LAST_MS - Date.parse(record.createdAt)).padStart(16, '0');
    try {
      await store.commit([
        { ...common, id, value: record },
        { ...common, id: docId('of', record.target, left, id), value: { run: id } },
      ]);
      return true;
    } catch (error) {
      if (isAppError(error, 'conflict')) return false;
      throw error;
    }
  };

  return {
    create,
    get,
    update,

    async begin(asked, id = ids.unique()) {
      const createdAt = now();
      const record: RunRecord = {
        target: asked.target,
        ...storedCommand(asked.command),
        dryRun: asked.dryRun ?? false,
        ...(asked.lockTimeoutMs !== undefined && { lockTimeoutMs: asked.lockTimeoutMs }),
        by: asked.by,
        ...(asked.maxCostUsd !== undefined && { maxCostUsd: asked.maxCostUsd }),
        ...(asked.rollout !== undefined && { rollout: asked.rollout }),
        state: 'queued',
        progress: [],
        planned: 0,
        createdAt,
        updatedAt: createdAt,
      };
      if (await create(id, record)) return { id, record };
      const found = await get(id);
      if (!found) throw new AppError('conflict', 'A run of this id came and went');
      return { id, record: found };
    },

    async cancel(id) {
      let isEnd = false;
      const cancelled = await update(id, (record) => {
        isEnd = false;
        if (hasEnded(record)) return undefined;
        const asked: RunRecord = { ...record, cancelRequested: true };
        if (record.state !== 'queued' && record.state !== 'paused') return asked;
        isEnd = true;
        const { pauseRequested: _, ...ended } = { ...asked, ...unfinished(record) };
        return { ...ended, state: 'cancelled', changed: (record.done ?? 0) > 0, endedAt: now() };
      });
      if (isEnd && cancelled) countRun(cancelled, 'cancelled');
      return cancelled;
    },

    pause: (id) =>
      update(id, (record) => {
        if (hasEnded(record) || record.state === 'paused' || record.cancelRequested) return undefined;
        if (record.state !== 'queued') return record.pauseRequested ? undefined : { ...record, pauseRequested: true };
        const { pauseRequested: _, ...paused } = record;
        return { ...paused, state: 'paused' };
      }),

    resume: (id) =>
      update(id, ({ pauseRequested, ...record }) => {
        if (record.state === 'paused') return { ...record, state: 'queued', seq: (record.seq ?? 0) + 1 };
        return pauseRequested && !hasEnded(record) ? record : undefined;
      }),

    async list(target, { limit, after }) {
      const page = await store.list<{ run: string }>(COLLECTION, {
        prefix: `${docId('of', target)}|`,
        limit,
        ...(after !== undefined && { after }),
      });
      const ofPage = page.docs.map(({ value }) => value.run);
      const found = ofPage.length > 0 ? await store.getMany<RunRecord>(COLLECTION, ofPage) : [];
      return {
        items: found.flatMap((doc) => (doc ? [{ id: doc.id, record: doc.value }] : [])),
        ...(page.next !== undefined && { next: page.next }),
      };
    },
  };
}

export function hasEnded({ state }: Pick<RunRecord, 'state'>): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/** What somebody asked for, as of this record: a cancellation before a pause. */
export function stopWanted({ cancelRequested, pauseRequested }: RunRecord): 'cancelled' | 'paused' | undefined {
  return cancelRequested ? 'cancelled' : pauseRequested ? 'paused' : undefined;
}

/** What is to be told of a run that is cancelled between two pages of a step; empty of any other. */
export function unfinished({ to, progress }: RunRecord): Pick<RunRecord, 'error'> {
  const step = progress.at(-1);
  if (!to?.dirty || step?.pages === undefined || step.ms !== undefined) return {};
  const { version, name, direction, pages, rows } = step;
  const far = `${pages} ${pages === 1 ? 'page' : 'pages'}${rows === undefined ? '' : ` (${rows} rows)`}`;
  const detail = `${version}_${name} (${direction}) is unfinished, after ${far}: the next \`${direction}\` goes on with it from there`;
  return { error: { code: 'migration_dirty', detail, version } };
}

/** The same for every delivery of an event that asks for a run. */
export function runIdOf({ source, id }: { source: string; id: string }): string {
  return createHash('sha256')
    .update(JSON.stringify([source, id]))
    .digest('base64url')
    .slice(0, 24);
}

function storedCommand(command: Command): Pick<RunRecord, 'command' | 'steps' | 'version'> {
  return {
    command: command.command,
    ...('steps' in command && command.steps !== undefined && { steps: command.steps }),
    ...('version' in command && command.version !== undefined && { version: String(command.version) }),
  };
}

/** What was asked for, of a record. Throws `invalid` where it makes no sense. */
export function commandOf({ command, steps, version }: Pick<RunRecord, 'command' | 'steps' | 'version'>): Command {
  const to = version === undefined || version === '-1' ? undefined : BigInt(version);
  if (command === 'up') return { command, ...(steps !== undefined && { steps }) };
  if (command === 'down' && steps !== undefined) return { command, steps };
  if (command === 'force') return { command, version: to };
  if ((command === 'goto' || command === 'baseline') && to !== undefined) return { command, version: to };
  if (command === 'redo') return { command };
  if (command === 'rebless' && version !== '-1') return { command, ...(to !== undefined && { version: to }) };
  throw new AppError('invalid', `there is no command ${JSON.stringify(command)}, or it lacks its steps or version`);
}

/** Rollouts as they are kept and moved on: documents of `migration-rollouts`, each at its rollout's id, and beside each a document that puts it into the list. */
import type { Clock } from '../../clock.ts';
import { AppError, isAppError } from '../../errors.ts';
import type { Ids } from '../../ids.ts';
import type { Queue } from '../../queue/queue.ts';
import { docId, type Store } from '../../store/store.ts';
import type { RunRecord } from '../run.ts';
import { publishRun } from '../run-events.ts';
import { commandOf, hasEnded, type Runs, runIdOf } from '../run-records.ts';
import { type Advanced, advance, noteStarted, type Outcome } from './advance.ts';
import { isOver, isUnderWay, type RolloutCommand, type RolloutRecord, type Wave } from './rollout.ts';

const COLLECTION = 'migration-rollouts';
/** How long a record is kept, in milliseconds: as long as those of its runs. */
const KEPT_MS = 90 * 24 * 3_600_000;
/** Written when a run ends, of which there are at most twenty at a time. */
const ATTEMPTS = 30;
/** The largest time a Date can hold, so that what is left of it sorts the newest first. */
const LAST_MS = 8.64e15;
/** Of an error, so that 500 of them fit into one document. */
const MOST_DETAIL = 300;

interface AskedRollout {
  command: RolloutCommand;
  waves: readonly Wave[];
  parallel: number;
  errorBudget: number;
  lockTimeoutMs?: number;
  maxCostUsd?: number;
  by: string;
}

interface Given {
  store: Store;
  clock: Clock;
  ids: Ids;
  runs: Pick<Runs, 'begin' | 'cancel' | 'get'>;
  /** Has a run carried out, by whoever it is: its record is there. May come for one that was handed over before. */
  start(run: { id: string; record: RunRecord }): Promise<void>;
}

/** All throw `not_found` where there is no such rollout, and those of the store. */
export interface Rollouts {
  /** Writes it and begins it. Of an id that is there already, goes on with that one. */
  create(asked: AskedRollout, id?: string): Promise<{ id: string; record: RolloutRecord }>;
  get(id: string): Promise<RolloutRecord>;
  /** The newest first. */
  list(options: {
    limit: number;
    after?: string;
  }): Promise<{ items: { id: string; record: RolloutRecord }[]; next?: string }>;
  /** Sees how its runs stand and does what follows. Safe at any time, and by several at once. Throws what beginning a run throws; then it is to be called again. */
  advance(id: string): Promise<RolloutRecord>;
  /** Begins no more targets and cancels the runs under way; one that is over stays as it is. */
  cancel(id: string, by: string): Promise<RolloutRecord>;
  /** Lets wave `number` (from 1) begin, before which it waits; asked again, goes on with it. Throws `precondition_failed` where it does not wait there. */
  approve(id: string, number: number, by: string): Promise<RolloutRecord>;
}

export function createRollouts({ store, clock, ids, runs, start }: Given): Rollouts {
  const now = () => new Date(clock.now()).toISOString();
  const expireAt = ({ createdAt }: RolloutRecord) => new Date(Date.parse(createdAt) + KEPT_MS);

  const get: Rollouts['get'] = async (id) => {
    const found = await store.get<RolloutRecord>(COLLECTION, id);
    if (!found) throw noSuch(id);
    return found.value;
  };

  async function update(id: string, change: (record: RolloutRecord) => RolloutRecord): Promise<RolloutRecord> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const found = await store.get<RolloutRecord>(COLLECTION, id);
      if (!found) throw noSuch(id);
      const changed = change(found.value);
      if (JSON.stringify(changed) === JSON.stringify(found.value)) return found.value;
      const at = now();
      const next = { ...changed, updatedAt: at, ...(isOver(changed) && { endedAt: at }) };
      try {
        await store.replace(COLLECTION, id, next, found.version, { expireAt: expireAt(next) });
        return next;
      } catch (error) {
        if (!isAppError(error, 'conflict')) throw error;
      }
    }
    throw new AppError('conflict', "The rollout's record was changed by others each time it was about to be written");
  }

  const begin = (id: string, record: RolloutRecord, target: string) =>
    runs.begin(
      {
        ...{ target, command: commandOf(record) },
        ...{ by: record.by, rollout: id },
        ...(record.lockTimeoutMs !== undefined && { lockTimeoutMs: record.lockTimeoutMs }),
        ...(record.maxCostUsd !== undefined && { maxCostUsd: record.maxCostUsd }),
      },
      rolloutRunId(id, target),
    );

  async function outcomesOf(id: string, record: RolloutRecord): Promise<Map<string, Outcome>> {
    const underWay = record.waves.flatMap(({ takes }) => takes).filter(isUnderWay);
    const found = await Promise.all(
      underWay.map(async ({ target }) => [target, await runs.get(rolloutRunId(id, target))] as const),
    );
    return new Map(found.flatMap(([target, run]) => (run ? [[target, outcomeOf(run)]] : [])));
  }

  const goOn: Rollouts['advance'] = async (id) => {
    const outcomes = await outcomesOf(id, await get(id));
    let follows: Advanced | undefined;
    const record = await update(id, (found) => {
      follows = advance(found, outcomes);
      return follows.record;
    });
    const { start: toStart = [], cancel: toCancel = [] } = follows ?? {};
    const ended = await Promise.all(
      toCancel.map(async (target) => {
        // One that nobody has begun yet is begun here, so that whoever was about to finds it cancelled.
        await begin(id, record, target);
        const run = await runs.cancel(rolloutRunId(id, target));
        return run && hasEnded(run);
      }),
    );
    if (ended.some(Boolean)) return goOn(id);
    if (toStart.length === 0) return record;
    await Promise.all(toStart.map(async (target) => start(await begin(id, record, target))));
    return update(id, (found) => noteStarted(found, toStart));
  };

  return {
    get,
    advance: goOn,

    async create({ command, ...asked }, id = ids.unique()) {
      const createdAt = now();
      const record: RolloutRecord = {
        ...asked,
        command: command.command,
        ...('steps' in command && command.steps !== undefined && { steps: command.steps }),
        ...('version' in command && { version: String(command.version) }),
        state: 'running',
        createdAt,
        updatedAt: createdAt,
      };
      const common = { op: 'create', collection: COLLECTION, expireAt: expireAt(record) } as const;
      const left = String(LAST_MS - clock.now()).padStart(16, '0');
      try {
        await store.commit([
          { ...common, id, value: record },
          { ...common, id: docId('all', left, id), value: { rollout: id } },
        ]);
      } catch (error) {
        if (!isAppError(error, 'conflict')) throw error;
      }
      return { id, record: await goOn(id) };
    },

    async list({ limit, after }) {
      const page = await store.list<{ rollout: string }>(COLLECTION, {
        ...{ prefix: 'all|', limit },
        ...(after !== undefined && { after }),
      });
      const ofPage = page.docs.map(({ value }) => value.rollout);
      const found = ofPage.length > 0 ? await store.getMany<RolloutRecord>(COLLECTION, ofPage) : [];
      return {
        items: found.flatMap((doc) => (doc ? [{ id: doc.id, record: doc.value }] : [])),
        ...(page.next !== undefined && { next: page.next }),
      };
    },

    async cancel(id, by) {
      await update(id, (found) => (isOver(found) ? found : { cancelledBy: by, ...found }));
      return goOn(id);
    },

    async approve(id, number, by) {
      await update(id, (found) => {
        const wave = found.waves[number - 1];
        if (wave?.approvedBy !== undefined) return found;
        if (found.state !== 'waiting' || waitsBefore(found) !== number || !wave)
          throw new AppError(
            'precondition_failed',
            `The rollout does not wait before wave ${number}: ${standing(found)}`,
          );
        return { ...found, waves: found.waves.with(number - 1, { ...wave, approvedBy: by }) };
      });
      return goOn(id);
    },
  };
}

/** Runs carried out by whoever takes the queue's messages. */
export function startByQueue({ queue, clock }: { queue: Pick<Queue, 'publish'>; clock: Clock }): Given['start'] {
  return ({ id, record }) => publishRun(queue, { id, ...record }, clock);
}

/** The same however often it is begun. */
export function rolloutRunId(rollout: string, target: string): string {
  return runIdOf({ source: `rollout ${rollout}`, id: target });
}

/** The number of the wave, from 1, that wants an approval. */
export function waitsBefore({ state, waves }: RolloutRecord): number | undefined {
  if (state !== 'waiting') return undefined;
  return waves.findIndex(({ takes }) => takes.some((taken) => taken.state === 'pending')) + 1;
}

function standing(record: RolloutRecord): string {
  return record.state === 'waiting' ? `it waits before wave ${waitsBefore(record)}` : `it is ${record.state}`;
}

function outcomeOf(run: RunRecord): Outcome {
  const { state, changed = false, to, error } = run;
  if (!hasEnded(run)) return { is: run.claim === undefined ? 'queued' : 'begun' };
  return {
    is: state as 'done' | 'failed' | 'cancelled',
    changed,
    ...(to && { version: to.version }),
    ...(error && state !== 'done' && { error: { code: error.code, detail: error.detail.slice(0, MOST_DETAIL) } }),
  };
}

function noSuch(id: string): AppError {
  return new AppError('not_found', `There is no rollout ${id}, or none any more`);
}

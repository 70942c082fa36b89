/** What follows for a rollout from how its runs stand, as `RolloutState` describes it. Pure: whoever calls it writes the record, and only then does what it says. */
import { hasFailed, isOver, isUnderWay, type RolloutRecord, type RolloutState, type RolloutTarget } from './rollout.ts';

/** How a target's run stands, as far as it was read; what ended stays as it is. */
export type Outcome =
  | { is: 'queued' | 'begun' }
  | {
      is: 'done' | 'failed' | 'cancelled';
      changed: boolean;
      version?: string | null;
      error?: { code: string; detail: string };
    };

export interface Advanced {
  record: RolloutRecord;
  /** Targets whose runs are to be begun, some perhaps once more. */
  start: string[];
  /** Targets whose runs are to be cancelled. */
  cancel: string[];
}

/** Outcomes may be old, and those of some targets may be missing: they are seen when their own event comes. */
export function advance(record: RolloutRecord, outcomes: ReadonlyMap<string, Outcome>): Advanced {
  if (isOver(record)) return { record, start: [], cancel: [] };
  const waves = record.waves.map((wave) => ({
    ...wave,
    takes: wave.takes.map((taken) => withOutcome(taken, outcomes.get(taken.target))),
  }));
  const all = waves.flatMap(({ takes }) => takes);
  const underWay = all.filter(isUnderWay).map(({ target }) => target);
  const starting = () => all.filter(({ state }) => state === 'starting').map(({ target }) => target);
  const now = (state: RolloutState, does: { start?: string[]; cancel?: string[] } = {}): Advanced => ({
    record: { ...record, waves, state },
    start: does.start ?? [],
    cancel: does.cancel ?? [],
  });

  if (record.cancelledBy !== undefined) {
    if (underWay.length > 0) return now('running', { cancel: underWay });
    return now(all.every(({ state }) => state === 'done') ? 'done' : 'cancelled');
  }
  if (all.filter(hasFailed).length > record.errorBudget)
    return underWay.length > 0 ? now('running', { start: starting() }) : now('failed');
  const wave = waves.find(({ takes }) => takes.some((taken) => taken.state === 'pending' || isUnderWay(taken)));
  if (!wave) return now('done');
  if (wave.approve && wave.approvedBy === undefined) return now('waiting');
  let room = record.parallel - underWay.length;
  for (const taken of wave.takes)
    if (taken.state === 'pending' && room-- > 0) Object.assign(taken, { state: 'starting' });
  return now('running', { start: starting() });
}

/** After the runs of `begun` were handed over. */
export function noteStarted(record: RolloutRecord, begun: readonly string[]): RolloutRecord {
  const waves = record.waves.map((wave) => ({
    ...wave,
    takes: wave.takes.map((taken) =>
      taken.state === 'starting' && begun.includes(taken.target) ? { ...taken, state: 'started' as const } : taken,
    ),
  }));
  return { ...record, waves };
}

/** Always another object, which may be changed. */
function withOutcome(taken: RolloutTarget, outcome: Outcome | undefined): RolloutTarget {
  if (!outcome || !isUnderWay(taken) || outcome.is === 'queued') return { ...taken };
  if (outcome.is === 'begun') return { ...taken, state: 'started' };
  const { is, ...known } = outcome;
  return { ...taken, state: is, ...known };
}

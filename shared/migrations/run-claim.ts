/** One worker's hold on a run's record: it writes only while nobody has taken the run over. */
import { AppError } from '../errors.ts';
import { countRun, type RunOutcome } from './observed-run.ts';
import type { RunRecord } from './run.ts';
import type { Runs } from './run-records.ts';
import { hasEnded } from './run-records.ts';

export interface Claim {
  /** As it was written or seen last. */
  readonly record: RunRecord;
  /** Throws `lease_lost` where another worker has taken the run over, or it has ended. `change` is given the record as it is. */
  update(change: (record: RunRecord) => RunRecord): Promise<RunRecord>;
}

/** Undefined where the run is not as `when` wants it, so somebody else was first. Of several at once one gets it. */
export async function claimRun(
  runs: Runs,
  id: string,
  when: (record: RunRecord) => boolean,
  state: 'waiting' | 'running',
  /** What it has from then on, unless it has it already. */
  defaults: Pick<RunRecord, 'lockTimeoutMs'> = {},
): Promise<Claim | undefined> {
  let number = 0;
  const claimed = await runs.update(id, (found) => {
    number = 0;
    if (hasEnded(found) || !when(found)) return undefined;
    number = (found.claim ?? 0) + 1;
    const { error: _, waitingFor: __, ...record } = found;
    return { ...defaults, ...record, claim: number, state };
  });
  if (!claimed || number === 0) return undefined;
  let record = claimed;
  let isOver = false;
  const over = (outcome: RunOutcome | undefined) => {
    if (isOver || outcome === undefined) return;
    isOver = true;
    countRun(record, outcome);
  };
  return {
    get record() {
      return record;
    },
    async update(change) {
      let isMine = false;
      const found = await runs.update(id, (current) => {
        isMine = current.claim === number && !hasEnded(current);
        return isMine ? change(current) : undefined;
      });
      if (!isMine || !found) {
        over('interrupted');
        throw new AppError('lease_lost', 'Another worker has taken this run over');
      }
      over(outcomeOf(found, record));
      record = found;
      return found;
    },
  };
}

/** What became of a run by this write; undefined where its worker goes on with it. */
function outcomeOf({ state, seq = 0 }: RunRecord, before: RunRecord): RunOutcome | undefined {
  if (state === 'queued') return seq > (before.seq ?? 0) ? 'continued' : 'interrupted';
  if (state === 'done') return 'succeeded';
  return state === 'failed' || state === 'cancelled' || state === 'paused' ? state : undefined;
}

/** Rollouts as they are told: each target with how its run stands, and each wave with its number. */
import {
  hasFailed,
  isUnderWay,
  type RolloutRecord,
  type Wave,
  type WaveAsked,
} from '#shared/migrations/rollout/rollout.ts';
import { rolloutRunId, waitsBefore } from '#shared/migrations/rollout/rollouts.ts';
import type { RunState } from '#shared/migrations/run.ts';
import type { Runs } from '#shared/migrations/run-records.ts';

export function wavesTold(command: string, { waves, leftOut }: { waves: readonly Wave[]; leftOut: string[] }) {
  return {
    command,
    waves: waves.map((wave, place) => ({
      ...selectorTold(wave, place),
      targets: wave.takes.map(({ target }) => target),
    })),
    leftOut,
  };
}

export function rolloutListed(id: string, record: RolloutRecord) {
  const { waves, ...told } = record;
  const all = waves.flatMap(({ takes }) => takes);
  const before = waitsBefore(record);
  return {
    id,
    ...told,
    ...(before !== undefined && { waitsBefore: before }),
    counts: {
      pending: all.filter(({ state }) => state === 'pending').length,
      underWay: all.filter(isUnderWay).length,
      done: all.filter(({ state }) => state === 'done').length,
      failed: all.filter(hasFailed).length,
    },
  };
}

/** Reads how the runs under way stand, and changes nothing. */
export async function rolloutTold(id: string, record: RolloutRecord, runs: Pick<Runs, 'get'>) {
  const underWay = record.waves.flatMap(({ takes }) => takes).filter(isUnderWay);
  const found = await Promise.all(
    underWay.map(async ({ target }) => [target, (await runs.get(rolloutRunId(id, target)))?.state] as const),
  );
  const states = new Map<string, RunState | undefined>(found);
  return {
    ...rolloutListed(id, record),
    waves: record.waves.map((wave, place) => ({
      ...selectorTold(wave, place),
      ...(wave.approvedBy !== undefined && { approvedBy: wave.approvedBy }),
      targets: wave.takes.map(({ state, target, ...taken }) => ({
        target,
        ...(state !== 'pending' && { run: rolloutRunId(id, target) }),
        state: state === 'starting' || state === 'started' ? (states.get(target) ?? 'queued') : state,
        ...taken,
      })),
    })),
  };
}

function selectorTold(
  { labels, region, targets, kind, approve, takes }: WaveAsked & Pick<Wave, 'takes'>,
  place: number,
) {
  return {
    wave: place + 1,
    ...(labels && { labels }),
    ...(region !== undefined && { region }),
    ...(targets && { only: targets }),
    ...(kind !== undefined && { kind }),
    ...(approve !== undefined && { approve }),
    ...(takes.length === 0 && { note: 'all its targets are in earlier waves' }),
  };
}

/** A rollout: one command for many targets, wave after wave. */
import type { Command } from '../run.ts';
import type { Kind } from '../target.ts';

/** Which targets a wave takes: those for which every condition given holds, all without one. */
export interface WaveAsked {
  labels?: Readonly<Record<string, string>> | undefined;
  region?: string | undefined;
  targets?: readonly string[] | undefined;
  kind?: Kind | undefined;
  /** The rollout waits before this wave until somebody approves it. */
  approve?: boolean | undefined;
}

export type RolloutCommand = Extract<Command, { command: 'up' | 'goto' }>;

export interface RolloutTarget {
  target: string;
  /** Nobody has begun it; it is to be begun, and perhaps has been; its run was handed over; how its run ended. */
  state: 'pending' | 'starting' | 'started' | 'done' | 'failed' | 'cancelled';
  /** Whether its run changed anything. */
  changed?: boolean;
  /** Where its run left the database; null is none. */
  version?: string | null;
  error?: { code: string; detail: string };
}

export interface Wave extends WaveAsked {
  /** In the order in which they are begun. Empty where all that it matches is in earlier waves. */
  takes: readonly RolloutTarget[];
  approvedBy?: string;
}

/**
 * - `running`: targets of the first wave that is not over are under way, `parallel` of them at most. A wave is over when all its targets have ended; only then the next one begins. Each target is taken by one wave and run once:
 *   its run's id follows from the rollout's and the target's name, so that beginning it twice is beginning it once.
 * - `waiting`: the next wave wants an approval; nothing is under way.
 * - `done`: all waves are over, with no more targets failed than `errorBudget`. `failed`: more of them did. `cancelled`: somebody asked for it. These three are ends: nothing leaves them.
 * - Where more have failed than may, or somebody has cancelled, no further target is begun and the state stays `running` until those under way have ended; after a cancellation their runs are cancelled too.
 * - A target whose run ended otherwise than as `done` has failed, also where somebody cancelled that run alone.
 * - It goes on when something happens: each run that ends, an approval, a cancellation. Each of these reads how the runs under way stand and writes what follows, in one compare-and-set; then it has runs begun, and then notes
 *   that they are (`starting` becomes `started`). Whoever dies in between is followed by the redelivery of its event, which begins those that are `starting` once more. In whatever order such events come, and however
 *   often, the outcome is the same.
 */
export type RolloutState = 'running' | 'waiting' | 'done' | 'failed' | 'cancelled';

/** One document of `migration-rollouts`. */
export interface RolloutRecord {
  command: RolloutCommand['command'];
  steps?: number;
  /** As text, since JSON has no such integers. */
  version?: string;
  waves: readonly Wave[];
  /** Targets at a time, 1 to 20. */
  parallel: number;
  /** How many targets may fail without stopping it. */
  errorBudget: number;
  lockTimeoutMs?: number;
  maxCostUsd?: number;
  by: string;
  state: RolloutState;
  cancelledBy?: string;
  createdAt: string;
  updatedAt: string;
  endedAt?: string;
}

/** So that the record stays one document. */
export const MOST_TARGETS = 500;
export const MOST_WAVES = 50;
export const MOST_PARALLEL = 20;

export function isOver({ state }: Pick<RolloutRecord, 'state'>): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

export function isUnderWay({ state }: RolloutTarget): boolean {
  return state === 'starting' || state === 'started';
}

export function hasFailed({ state }: RolloutTarget): boolean {
  return state === 'failed' || state === 'cancelled';
}

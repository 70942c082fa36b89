/** The boards of the stops that somebody waits for, each read once a firing. */
import type { Board } from '#shared/bus/board.ts';
import { boardInTime } from '#shared/bus/board-in-time.ts';
import type { Boards } from '#shared/bus/boards.ts';
import type { Clock } from '#shared/clock.ts';
import { isAppError, messageOf } from '#shared/errors.ts';
import { inLanes } from '#shared/in-lanes.ts';
import { feedTroubleOf } from '#shared/lta/feed-refusal.ts';

/** How long all of them may take: what is left of a firing is for telling. */
const READING_MS = 25_000;
const ONE_MS = 8_000;
const LANES = 8;

export interface Looked {
  /** By stop; `at` is when it was read, milliseconds since the epoch. */
  seen: Map<string, { board: Board; at: number }>;
  /** Why boards could not be read, by stop. */
  unseen: Map<string, string>;
}

export type Look = (stops: ReadonlySet<string>, signal: AbortSignal) => Promise<Looked>;

/**
 * Those whose turn is the longest ago come first, so that neither a limit on calls to LTA nor stops that never answer keep any from its turn. Rejects with the
 * signal's reason.
 */
export function createLook({ boards, clock }: { boards: Boards; clock: Clock }): Look {
  /** When each stop last had its turn in this process, monotonic milliseconds. */
  const turns = new Map<string, number>();

  return async (stops, signal) => {
    for (const stop of turns.keys()) if (!stops.has(stop)) turns.delete(stop);
    const inOrder = [...stops].sort((a, b) => (turns.get(a) ?? -1) - (turns.get(b) ?? -1));
    const seen: Looked['seen'] = new Map();
    const unseen: Looked['unseen'] = new Map(inOrder.map((stop) => [stop, 'no time was left']));
    const end = clock.mono() + READING_MS;
    await inLanes(inOrder, { lanes: LANES, signal }, async (stop) => {
      const left = end - clock.mono();
      if (left <= 0) return;
      try {
        const board = await boardInTime({ boards, clock }, stop, Math.min(left, ONE_MS), signal);
        seen.set(stop, { board, at: clock.now() });
        unseen.delete(stop);
        turns.set(stop, clock.mono());
      } catch (error) {
        signal.throwIfAborted();
        const reason = feedTroubleOf(error)?.reason;
        // What our own limit refused has not had its turn.
        if (reason !== 'budget') turns.set(stop, clock.mono());
        unseen.set(stop, reason ?? (isAppError(error) ? error.code : messageOf(error)));
      }
    });
    return { seen, unseen };
  };
}

/** A board, or nothing within the time there is. */
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { Board } from './board.ts';
import type { Boards } from './boards.ts';

/** Throws `unavailable` after `ms` milliseconds, and what `Boards.read` throws. */
export async function boardInTime(
  { boards, clock }: { boards: Boards; clock: Clock },
  stop: string,
  ms: number,
  signal?: AbortSignal,
): Promise<Board> {
  const ended = new AbortController();
  const late = new AbortController();
  clock.sleep(ms, ended.signal).then(
    () => late.abort(new AppError('unavailable', `The board was not there within ${ms / 1000} s`)),
    () => undefined,
  );
  try {
    return await boards.read(stop, signal ? AbortSignal.any([signal, late.signal]) : late.signal);
  } finally {
    ended.abort();
  }
}

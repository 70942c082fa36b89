/** Boards as everybody in a process gets them: of real stops by way of the feed, of demo stops made up, all joined with the lists. */
import type { Board } from './board.ts';

export interface Boards {
  /**
   * The board of a stop, computed for this very moment: minutes are never kept. A stop without any bus has its services with their status.
   *
   * Throws `not_found` for a stop that the loaded list does not have (while only the sample is loaded, no code can be told to be unknown, and LTA is asked);
   * `not_configured` for a real stop without LTA_ACCOUNT_KEY; `unavailable` with Retry-After, as the feed does; rejects with the signal's reason.
   */
  read(code: string, signal?: AbortSignal): Promise<Board>;
  /** In how many milliseconds a new `read` could show what this one does not know yet, at least 1,000. */
  dueInMs(code: string): number;
}

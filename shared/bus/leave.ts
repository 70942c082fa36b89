/** When to leave for the bus. Pure: the same numbers for a query, for the page and for alerts. */
import type { BoardRow } from './board.ts';

export interface LeaveQuestion {
  rows: readonly BoardRow[];
  /** Minutes to walk to the stop, 0 to 120. */
  walk: number;
  /** Minutes to be there before the bus, 0 to 60. */
  lead: number;
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * `wait`: there is a bus to be caught, and time left. `leave_now`: its `leaveAt` has come, and who walks at once is there before it. `no_bus`: none of the buses that
 * are told can be caught any more, or none is told.
 */
export interface LeaveAdvice {
  decision: 'wait' | 'leave_now' | 'no_bus';
  /** `eta - walk - lead`, RFC 3339; null without a bus. */
  leaveAt: string | null;
  /** The bus it is about: the first that can be caught. */
  bus: {
    row: string;
    service: string;
    destination: string | null;
    eta: string;
    minutes: number | null;
    monitored: boolean;
  } | null;
  /** When it is worth asking again, RFC 3339: estimates move, the more so the further away they are. */
  nextCheckAt: string;
  /** One English sentence. */
  reason: string;
}

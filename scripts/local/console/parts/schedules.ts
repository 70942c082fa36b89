/** When each schedule fires next, and how its last firing ended. */
import { type FunctionRow, isScheduled, type Runtime, type ScheduledRow } from '#shared/define.ts';
import { createTimetable, firingId, type Timetable } from '#shared/schedule/timetable.ts';
import { docId } from '#shared/store/store.ts';
import type { LastFirings } from '../last-firings.ts';

export interface ScheduleRow {
  name: string;
  cron: string;
  timeZone: string;
  /** RFC 3339. */
  next?: string;
  /** The last firing of which there is a word. */
  last?: { firing: string; state: string; at: string; attempts?: number; reason?: string };
}

/** As schedule/firings.ts keeps them. */
interface Firing {
  state: string;
  attempts: number;
  at: string;
  reason?: string;
}

const COLLECTION = 'schedule-firings';
/** How many firings before now are looked for. Those with nothing to do leave no record. */
const LOOK_BACK = 5;
const MOST = 100;

export function createSchedules(
  rows: readonly FunctionRow[],
  { store, clock }: Pick<Runtime, 'store' | 'clock'>,
  firings: Pick<LastFirings, 'of'>,
): () => Promise<ScheduleRow[]> {
  const schedules = rows.filter(isScheduled).map((row) => ({ row, timetable: createTimetable(row.trigger) }));

  const lastRecorded = async ({ name }: ScheduledRow, timetable: Timetable, now: number) => {
    let from = now;
    for (let back = 0; back < LOOK_BACK; back++) from = (timetable.last(from) ?? from) - 1;
    const { docs } = await store.list<Firing>(COLLECTION, {
      prefix: `${docId(name)}|`,
      after: docId(name, firingId(from)),
      limit: MOST,
    });
    const last = docs.at(-1);
    if (!last) return undefined;
    const { state, at, attempts, reason } = last.value;
    const firing = last.id.slice(last.id.indexOf('|') + 1);
    return { firing, state, at, attempts, ...(reason !== undefined && { reason }) };
  };

  /** Of one that found nothing to do, this process alone knows. */
  const lastSeen = (name: string) => {
    const seen = firings.of(name);
    return seen && { firing: seen.requestId, state: seen.outcome, at: new Date(seen.at).toISOString() };
  };

  return () => {
    const now = clock.now();
    return Promise.all(
      schedules.map(async ({ row, timetable }) => {
        const { cron, timeZone } = row.trigger;
        const next = timetable.next(now);
        const recorded = await lastRecorded(row, timetable, now);
        const seen = lastSeen(row.name);
        const last = recorded && seen ? (recorded.at >= seen.at ? recorded : seen) : (recorded ?? seen);
        return {
          ...{ name: row.name, cron, timeZone },
          ...(next !== undefined && { next: new Date(next).toISOString() }),
          ...(last && { last }),
        };
      }),
    );
  };
}

/** When to leave for the bus. */
import type { BoardBus, BoardRow } from './board.ts';
import { countdown } from './countdown.js';
import type { LeaveAdvice, LeaveQuestion } from './leave.ts';

const MINUTE_MS = 60_000;
/** LTA has nothing new sooner. */
const SOONEST_CHECK_MS = 20_000;
const LATEST_CHECK_MS = 10 * MINUTE_MS;
/** While nothing can be caught, but buses run. */
const NO_BUS_CHECK_MS = MINUTE_MS;
const SINGAPORE_MS = 8 * 60 * MINUTE_MS;

interface Catch {
  row: BoardRow;
  bus: BoardBus;
  eta: number;
}

export function adviseToLeave({ rows, walk, lead, now }: LeaveQuestion): LeaveAdvice {
  const told = rows
    .flatMap((row) => row.buses.map((bus): Catch => ({ row, bus, eta: Date.parse(bus.eta) })))
    .sort((a, b) => a.eta - b.eta);
  // The lead is a margin and may be eaten; the walk cannot.
  const caught = told.find(({ eta }) => now + walk * MINUTE_MS <= eta);
  if (!caught) return noBus(rows, told.length, walk, now);
  const { row, bus, eta } = caught;
  const leaveAt = eta - (walk + lead) * MINUTE_MS;
  const leftMs = leaveAt - now;
  const leave = leftMs <= 0;
  const by = bus.monitored ? 'by its position' : 'by the timetable';
  return {
    decision: leave ? 'leave_now' : 'wait',
    leaveAt: iso(leaveAt),
    bus: {
      row: row.id,
      service: row.service,
      destination: row.destination.name,
      eta: bus.eta,
      minutes: countdown(eta, now).minutes,
      monitored: bus.monitored,
    },
    nextCheckAt: iso(now + (leave ? SOONEST_CHECK_MS : checkIn(leftMs))),
    reason: leave
      ? `Leave now: bus ${row.service} comes at ${clockTime(eta)} ${by}, and the walk takes ${walk} min`
      : `Leave at ${clockTime(leaveAt)} for bus ${row.service}, which comes at ${clockTime(eta)} ${by}`,
  };
}

/** Half of the time that is left, since an estimate that far away may have moved by then; never after it. */
function checkIn(leftMs: number): number {
  return Math.min(leftMs, LATEST_CHECK_MS, Math.max(SOONEST_CHECK_MS, leftMs / 2));
}

function noBus(rows: readonly BoardRow[], told: number, walk: number, now: number): LeaveAdvice {
  const [only, ...others] = rows;
  const resting = rows.every(({ status }) => status === 'not_operating');
  const why = only && others.length === 0 ? `: ${only.reason}` : '';
  return {
    decision: 'no_bus',
    leaveAt: null,
    bus: null,
    nextCheckAt: iso(now + (resting ? LATEST_CHECK_MS : NO_BUS_CHECK_MS)),
    reason:
      told > 0 ? `None of the buses that are told can be caught with a walk of ${walk} min` : `No bus is told${why}`,
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** `16:40` in Singapore, rounded down: rather too early than too late. */
function clockTime(ms: number): string {
  return iso(ms + SINGAPORE_MS).slice(11, 16);
}

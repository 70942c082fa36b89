/** Whose time has come. Pure. */
import { adviseToLeave } from '#shared/bus/advise.ts';
import { askingId, rowsAsked } from '#shared/bus/alert-records.ts';
import { LEAVE_TOPIC, type LeaveEvent, type WaitingAlert } from '#shared/bus/alerts.ts';
import type { Board } from '#shared/bus/board.ts';
import type { NewEvent } from '#shared/events/event.ts';
import type { Doc } from '#shared/store/store.ts';

/** How far apart the schedule looks, and how long queue, push service and a late start of the next firing may take. Whoever is not told now might be too late then. */
const AHEAD_MS = 60_000 + 30_000;

/** What is to be told, and when it is to be acted on, milliseconds since the epoch. */
export interface Due {
  alert: Doc<WaitingAlert>;
  event: NewEvent<LeaveEvent>;
  leaveAt: number;
}

export function isOver({ until }: WaitingAlert, now: number): boolean {
  // What cannot be read as a time is over too, rather than there for ever.
  return !(Date.parse(until) > now);
}

/**
 * Undefined while there is time, and where no bus that could be caught is told: then it may be another one later. `board` is the one of the alert's stop as it is `now`.
 * On the early side: an alert is due where its time comes before the next firing would have told it.
 */
export function dueAlert(alert: Doc<WaitingAlert>, board: Board, now: number): Due | undefined {
  const { id, value } = alert;
  const { walk, lead } = value;
  const rows = rowsAsked(value, board.services);
  const { bus, leaveAt } = adviseToLeave({ rows, walk, lead, now });
  if (!bus || leaveAt === null || Date.parse(leaveAt) > now + AHEAD_MS) return undefined;
  const { destination, eta, monitored } = bus;
  return {
    alert,
    leaveAt: Date.parse(leaveAt),
    event: {
      id: askingId(id, value),
      source: '/bus-alerts',
      type: LEAVE_TOPIC,
      time: new Date(now).toISOString(),
      data: { ...value, alert: id, stopName: board.stop.name, destination, eta, leaveAt, monitored },
    },
  };
}

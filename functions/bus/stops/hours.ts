/** First and last buses as answers tell them. */
import type { Calendar } from '#shared/bus/calendar.ts';
import { clockTime } from '#shared/bus/clock-time.ts';
import type { Span, Times } from '#shared/bus/lists.ts';

export interface Hours {
  first: string;
  last: string;
}

/** By kind of day; null: no bus on such days. */
export interface Week {
  weekday: Hours | null;
  saturday: Hours | null;
  sunday: Hours | null;
}

export function weekOf({ weekday, saturday, sunday }: Times): Week {
  return { weekday: hoursOf(weekday), saturday: hoursOf(saturday), sunday: hoursOf(sunday) };
}

/** Whether it runs at `now` (milliseconds since the epoch), and the first and the last bus of the service day that `now` is in. */
export function todayOf(times: Times, calendar: Calendar, now: number) {
  const { state, span } = calendar.operation(times, now);
  const hours = hoursOf(span);
  return { operating: state, firstBus: hours?.first ?? null, lastBus: hours?.last ?? null };
}

function hoursOf(span: Span | undefined): Hours | null {
  return span ? { first: clockTime(span.first), last: clockTime(span.last) } : null;
}

/** Why a row of a board shows what it shows: its status, and one sentence. */
import type { RowStatus } from './board.ts';
import type { Calendar, DayKind, Operation } from './calendar.ts';
import { clockTime } from './clock-time.ts';
import type { Call } from './lists.ts';

/** What is known about a row when its status is decided. */
export interface RowFacts {
  /** The first bus that has not left yet is monitored; undefined where there is none. */
  nextMonitored: boolean | undefined;
  /** Where the lists have this row's call. */
  call: Call | undefined;
  /** It is the second visit, and the buses that LTA tells are all on the first. */
  behindFirstVisit: boolean;
  /** Whether routes are loaded at all. */
  routesLoaded: boolean;
}

interface RowHours {
  status: RowStatus;
  reason: string;
  firstBus: string | null;
  lastBus: string | null;
}

const DAYS: Record<DayKind, string> = {
  weekday: 'on weekdays',
  saturday: 'on Saturdays',
  sunday: 'on Sundays and public holidays',
};

const STATUS_WITHOUT_BUS: Record<Operation['state'], RowStatus> = {
  running: 'no_estimate',
  before_first: 'not_operating',
  after_last: 'not_operating',
  none: 'not_operating',
  unknown: 'unknown',
};

export function rowHours(facts: RowFacts, calendar: Calendar, now: number): RowHours {
  const operation = calendar.operation(facts.call?.route.stops[facts.call.index]?.times, now);
  const { span } = operation;
  const hours = { firstBus: span ? clockTime(span.first) : null, lastBus: span ? clockTime(span.last) : null };
  if (facts.nextMonitored === true)
    return { status: 'live', reason: 'The time of the next bus is told from its position', ...hours };
  if (facts.nextMonitored === false)
    return { status: 'scheduled', reason: "The time of the next bus is told from the operator's timetable", ...hours };
  if (facts.behindFirstVisit && STATUS_WITHOUT_BUS[operation.state] !== 'not_operating')
    return {
      status: 'no_estimate',
      reason: 'LTA tells at most three buses of a service, and these all pass this stop for the first time',
      ...hours,
    };
  return {
    status: STATUS_WITHOUT_BUS[operation.state],
    reason: whyNoBus(operation, facts) + doubtOf(operation, calendar, now),
    ...hours,
  };
}

function whyNoBus(operation: Operation, { call, routesLoaded }: RowFacts): string {
  const first = operation.span && clockTime(operation.span.first);
  const last = operation.span && clockTime(operation.span.last);
  switch (operation.state) {
    case 'running':
      if (first === last) return `Its only bus is due at ${first}, but LTA gives no estimate`;
      return `Between first bus ${first} and last bus ${last}, but LTA gives no estimate`;
    case 'before_first':
      return `The first bus is at ${first}`;
    case 'after_last':
      return `The last bus was at ${last}`;
    case 'none':
      return `It does not run ${DAYS[operation.kind]}${operation.holiday === undefined ? '' : ` (${operation.holiday})`}`;
    case 'unknown':
      if (!routesLoaded) return 'First and last bus are not known: the routes are not loaded';
      if (call) return "First and last bus are not known: LTA's list has no readable times";
      return "First and last bus are not known: LTA's list of routes does not have it at this stop";
  }
}

/** On a day whose public holidays nobody told us, Sunday's times might apply instead. */
function doubtOf({ state, kind }: Operation, calendar: Calendar, now: number): string {
  const { date } = calendar.day(now);
  if (state === 'unknown' || kind === 'sunday' || date <= calendar.holidaysKnownUntil) return '';
  return `; the public holidays of ${date.slice(0, 4)} are not known here`;
}

/** Makes an alert: checks that there is such a bus, says what is known now, and keeps the alert. */
import type * as z from 'zod';
import { adviseToLeave } from '#shared/bus/advise.ts';
import { again, alertId, readWaiting, rowsAsked } from '#shared/bus/alert-records.ts';
import { ALERTS, type WaitingAlert } from '#shared/bus/alerts.ts';
import type { Board } from '#shared/bus/board.ts';
import { boardInTime } from '#shared/bus/board-in-time.ts';
import type { LeaveAdvice } from '#shared/bus/leave.ts';
import { AppError, isAppError } from '#shared/errors.ts';
import { type Budget, createBudget } from '#shared/lta/budget.ts';
import type { alertBody } from './alert-schema.ts';
import type { Context } from './context.ts';

type Asked = z.output<ReturnType<typeof alertBody>>;

interface Made {
  id: string;
  alert: WaitingAlert;
  /** Null where the board cannot be had now. */
  leave: LeaveAdvice | null;
  /** Rather than changed. */
  created: boolean;
}

const PER_MINUTE = 60;
const UNTIL_MS = 2 * 3_600_000;
/** What became of it is told by another document by then. */
const SWEPT_AFTER_MS = 3_600_000;
const BOARD_MS = 8_000;

/**
 * Throws `too_many_requests` beyond PER_MINUTE in this process, `invalid` where there is no such stop or service, `not_configured` where nothing can ever be
 * told, and what the store throws. A board that cannot be had at this moment is no reason to refuse.
 */
export function createAlertMaker(context: Context): (asked: Asked) => Promise<Made> {
  const { store, clock, lists } = context;
  const budget = createBudget({ clock, callsPerMinute: PER_MINUTE });

  return async (asked) => {
    const { target, row, until, ...rest } = asked;
    admit(budget);
    const board = await readBoard(context, rest.stop);
    const service = await checked(asked, board);
    const now = clock.now();
    const wanted: WaitingAlert = {
      ...rest,
      target: { endpoint: target.endpoint, keys: target.keys },
      service,
      ...(row !== undefined && { row }),
      until: new Date(until === undefined ? now + UNTIL_MS : Date.parse(until)).toISOString(),
      madeAt: new Date(now).toISOString(),
    };
    const id = alertId(wanted);
    const kept = await keep(id, wanted);
    const rows = board && rowsAsked(wanted, board.services);
    const leave = rows ? adviseToLeave({ rows, walk: wanted.walk, lead: wanted.lead, now }) : null;
    return { id, leave, ...kept };
  };

  function keep(id: string, wanted: WaitingAlert): Promise<Pick<Made, 'alert' | 'created'>> {
    const expireAt = new Date(Date.parse(wanted.until) + SWEPT_AFTER_MS);
    return again(async () => {
      const found = await readWaiting(store, id);
      if (!found) {
        await store.create(ALERTS, id, wanted, { expireAt });
        return { alert: wanted, created: true };
      }
      const alert = { ...wanted, madeAt: madeAtOf(wanted, found.value) };
      await store.replace(ALERTS, id, alert, found.version, { expireAt });
      return { alert, created: false };
    });
  }

  /** The service as the board or the lists write it. */
  async function checked({ stop, service: asked, row }: Asked, board: Board | undefined): Promise<string> {
    const isIt = ({ service }: { service: string }) => service.toUpperCase() === asked.toUpperCase();
    const network = await lists.current();
    const calls = network.callsAt(stop);
    const rows = board?.services.filter(isIt) ?? [];
    const service = rows[0]?.service ?? calls.find(({ route }) => isIt(route))?.route.service;
    const routesKnown = calls.length > 0 || (network.sources.routes?.from ?? 'sample') !== 'sample';
    if (service === undefined && routesKnown) throw invalid('/service', 'must be a service that calls at this stop');
    const named = service ?? network.routesOf(asked)[0]?.service ?? asked;
    const shown = rows.some(({ id }) => id === row) || rows.length === 0 || !routesKnown;
    if (row !== undefined && !(row.toUpperCase().startsWith(`${named.toUpperCase()}~`) && shown))
      throw invalid('/row', `must be the id of a row of service ${named} at this stop`);
    return named;
  }
}

/** Where the very same is asked again, as when an answer was lost, it is the asking that was there, and told once; anything else is another one. */
function madeAtOf(wanted: WaitingAlert, { walk, lead, lang, madeAt }: WaitingAlert): string {
  if (walk === wanted.walk && lead === wanted.lead && lang === wanted.lang) return madeAt;
  return wanted.madeAt > madeAt ? wanted.madeAt : new Date(Date.parse(madeAt) + 1).toISOString();
}

async function readBoard(context: Context, stop: string): Promise<Board | undefined> {
  try {
    return await boardInTime(context, stop, BOARD_MS);
  } catch (error) {
    if (isAppError(error, 'not_found')) throw invalid('/stop', 'must be the code of a stop that exists');
    if (isAppError(error, 'unavailable')) return undefined;
    throw error;
  }
}

function admit(budget: Budget): void {
  if (budget.take()) return;
  throw new AppError('too_many_requests', `No more than ${PER_MINUTE} alerts are made in a minute`, {
    headers: { 'Retry-After': String(Math.ceil(budget.waitMs() / 1000)) },
  });
}

function invalid(pointer: string, detail: string): AppError {
  return new AppError('invalid', `${pointer}: ${detail}`, { errors: [{ pointer, detail }] });
}

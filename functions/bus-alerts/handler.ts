/** One firing: looks at all alerts that wait, tells of those whose time has come, and ends those whose time is over. */
import { again, type Ending, readTold, readWaiting, toldAlert, toldWrite } from '#shared/bus/alert-records.ts';
import { ALERTS, LEAVE_TOPIC, type WaitingAlert } from '#shared/bus/alerts.ts';
import type { Boards } from '#shared/bus/boards.ts';
import type { Runtime, ScheduleFunction } from '#shared/define.ts';
import { AppError, isAppError, messageOf } from '#shared/errors.ts';
import { inLanes } from '#shared/in-lanes.ts';
import type { Held } from '#shared/lease/lease.ts';
import type { Doc, Store, Write } from '#shared/store/store.ts';
import { type Due, dueAlert, isOver } from './due.ts';
import { createLook } from './look.ts';

/** How many alerts one firing ends: those that are most urgent. The others are the next one's. */
const MOST_AT_ONCE = 240;
const LANES = 4;
const PAGE = 500;

type Alert = Doc<WaitingAlert>;

export interface AlertsOptions extends Pick<Runtime, 'store' | 'queue' | 'clock' | 'log'> {
  boards: Boards;
}

export function createAlertsRun(options: AlertsOptions): ScheduleFunction['run'] {
  const { store, queue, clock, log } = options;
  const look = createLook(options);

  return async ({ held, signal }) => {
    const waiting = await allWaiting(store);
    const [over, others] = split(waiting, ({ value }) => isOver(value, clock.now()));
    const { seen, unseen } = await look(new Set(others.map(({ value }) => value.stop)), signal);
    if (unseen.size > 0)
      log.warn('boards could not be read, and their alerts wait', {
        stops: unseen.size,
        why: [...new Set(unseen.values())],
      });
    const due = others
      .flatMap((alert) => {
        const looked = seen.get(alert.value.stop);
        return (looked && dueAlert(alert, looked.board, looked.at)) ?? [];
      })
      .sort((a, b) => a.leaveAt - b.leaveAt);

    // What is not done is left to the next who runs this firing.
    signal.throwIfAborted();
    const failures: string[] = [];
    const steps = [...due.map((one) => () => tell(one, held)), ...over.map((alert) => () => expire(alert, held))];
    await inLanes(steps.slice(0, MOST_AT_ONCE), { lanes: LANES, signal }, async (step) => {
      try {
        await step();
      } catch (error) {
        if (isAppError(error, 'lease_lost')) throw error;
        failures.push(messageOf(error));
      }
    });
    signal.throwIfAborted();
    if (steps.length > 0)
      log.info('alerts came to their time', {
        due: due.length,
        over: over.length,
        waiting: waiting.length,
        failed: failures.length,
      });
    // The firing comes again within its minute; what was told is not among the waiting any more.
    if (failures.length > 0)
      throw new AppError('unavailable', `${failures.length} alerts could not be ended: ${failures[0]}`);
    return [];
  };

  /** First the event, then the commit: who dies in between has told, and tells again under the same name, which is no second time for the inbox. */
  async function tell({ alert, event }: Due, held: Held): Promise<void> {
    held.assert();
    await queue.publish(LEAVE_TOPIC, event);
    await end(alert, held, () => ({ state: 'telling', eta: event.data.eta }));
  }

  async function expire(alert: Alert, held: Held): Promise<void> {
    await end(alert, held, (now) => (isOver(now, clock.now()) ? { state: 'expired' } : undefined));
  }

  /** Moves one asking to the told ones, unless somebody has cancelled or changed it meanwhile, or `ending` says that it must stay after all. */
  function end({ id, value }: Alert, held: Held, ending: (now: WaitingAlert) => Ending | undefined): Promise<void> {
    return again(async () => {
      const [waiting, told] = await Promise.all([readWaiting(store, id), readTold(store, id)]);
      if (waiting?.value.madeAt !== value.madeAt) return;
      const end = ending(waiting.value);
      if (!end) return;
      const now = clock.now();
      const leave: Write = { op: 'delete', collection: ALERTS, id, ifVersion: waiting.version };
      // Whoever sends it may have been faster, and knows more.
      const known = told?.value.madeAt === value.madeAt;
      await held.fenced(known ? [leave] : [leave, toldWrite(id, toldAlert(waiting.value, end, now), told, now)]);
    });
  }
}

async function allWaiting(store: Store): Promise<Alert[]> {
  const found: Alert[] = [];
  let after: string | undefined;
  do {
    const { docs, next } = await store.list<WaitingAlert>(ALERTS, {
      limit: PAGE,
      ...(after !== undefined && { after }),
    });
    found.push(...docs);
    after = next;
  } while (after !== undefined);
  return found;
}

function split<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  const { yes = [], no = [] } = Object.groupBy(items, (item) => (test(item) ? 'yes' : 'no'));
  return [yes, no];
}

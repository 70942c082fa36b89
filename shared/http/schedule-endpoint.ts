/**
 * A schedule function as an endpoint for Cloud Scheduler. What it answers is what Cloud Scheduler does next:
 *
 * | what happened | answer | Cloud Scheduler |
 * |---|---|---|
 * | the firing has come to its end, now or before: done, skipped, or failed for good; or there is nothing to do | 204 | goes on to the next firing |
 * | it runs elsewhere, or its turn has not come, or its writes met others | 409, Retry-After | comes again, as often as the job's retries say |
 * | it failed in a way that may pass, or was not over in time, or the process has to go | 503, Retry-After | the same |
 * | no scheduled time | 400 | the same, though it can never succeed; the job is wrong |
 * | not our schedule | 401 | the same |
 */

import type { Clock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import type { PushIdentity } from '../events/push-identity.ts';
import { utcTime } from '../events/wire-values.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import { settledWithin } from '../queue/settled-within.ts';
import type { FiringEnd, Firings } from '../schedule/firings.ts';
import { isDebugged } from '../telemetry/debug-header.ts';
import { carryFiring } from '../telemetry/firing.ts';
import { traceContextOf } from '../telemetry/trace-context.ts';
import { createApp } from './app.ts';
import { readBody } from './body.ts';

export interface ScheduleEndpointOptions {
  /** The schedule's. */
  name: string;
  identity: PushIdentity;
  /** The row's, in milliseconds: the platform hangs up then. */
  timeoutMs: number;
  log: Log;
  ids: Ids;
  clock: Clock;
}

/**
 * When the job was to run, RFC 3339: https://cloud.google.com/scheduler/docs/reference/rpc/google.cloud.scheduler.v1#httptarget
 * That page does not say that a repetition bears the time of the first attempt; it is an attempt at the same execution. Cloud Scheduler begins no
 * execution before the last one has ended, so firings of one job meet only where it has hung up.
 */
const TIME_HEADER = 'X-CloudScheduler-ScheduleTime';
const JOB_HEADER = 'X-CloudScheduler-JobName';

/** Cloud Scheduler sends no larger body, and nobody reads it. */
const BODY_LIMIT = 1024 * 1024;

/** The shares of the timeout after which a run is told to end, and for which a queued firing waits for its turn. */
const RUN_SHARE = 0.9;
const WAIT_SHARE = 0.25;

const RETRY_AFTER = { 'Retry-After': '10' };

export interface ScheduleEndpoint {
  fetch(request: Request): Promise<Response>;
  /** Tells the runs under way to end, and resolves when they have, or after `withinMs`. */
  stop(withinMs: number): Promise<void>;
}

export function createScheduleEndpoint(
  firings: Pick<Firings, 'handle'>,
  options: ScheduleEndpointOptions,
): ScheduleEndpoint {
  const { name, identity, timeoutMs, log, ids, clock } = options;
  const stopping = new AbortController();
  const underWay = new Set<Promise<unknown>>();
  const app = createApp({ log, ids, clock, timeoutMs, handlersCarry: true });

  app.post('/', async function fire(c) {
    if (identity !== 'open') await identity(c.req.raw.headers);
    const firing = firingOf(c.req.raw.headers);
    await readBody(c.req.raw, BODY_LIMIT);
    c.set('carried', true);
    const told = {
      ...{ log, name, firing, judge },
      fields: { job: c.req.header(JOB_HEADER) },
      parent: traceContextOf((header) => c.req.header(header)),
      debug: isDebugged(c.req.raw.headers, log),
    };
    try {
      await carryFiring(told, () => handle(firing, c.req.raw.signal));
    } catch (error) {
      throw comeAgain(error);
    }
    return c.body(null, 204);
  });

  async function handle(firing: string, hangUp: AbortSignal): Promise<FiringEnd | 'idle'> {
    const answered = new AbortController();
    const overdue = new AbortController();
    clock.sleep(timeoutMs * RUN_SHARE, answered.signal).then(
      () => overdue.abort(new AppError('unavailable', 'The time for the request is nearly over')),
      () => undefined,
    );
    try {
      const signal = AbortSignal.any([hangUp, overdue.signal, stopping.signal]);
      const run = firings.handle(firing, { signal, waitMs: timeoutMs * WAIT_SHARE });
      underWay.add(run);
      return await run.finally(() => underWay.delete(run));
    } finally {
      answered.abort();
    }
  }

  return {
    fetch: async (request) => app.fetch(request),
    async stop(withinMs) {
      stopping.abort(new AppError('unavailable', 'The process is about to end'));
      await settledWithin(Promise.allSettled(underWay), withinMs);
    },
  };
}

/** The scheduled time to the second: what names the firing. */
function firingOf(headers: Headers): string {
  const text = headers.get(TIME_HEADER);
  if (!text) throw new AppError('bad_request', `${TIME_HEADER} is missing: this is called by Cloud Scheduler alone`);
  return utcTime(text, TIME_HEADER).replace(/\.\d+Z$/, 'Z');
}

/** Cloud Scheduler comes again whatever it was. */
function judge() {
  return { outcome: 'again', severity: 'WARNING', message: 'a firing has not ended and will come again' } as const;
}

function comeAgain(error: unknown): AppError {
  if (isAppError(error) && !error.retryable) return error;
  if (isAppError(error) && error.status === 409)
    return new AppError(error.code, error.message, { headers: RETRY_AFTER });
  return new AppError('unavailable', 'The firing has not ended', { headers: RETRY_AFTER, cause: error });
}

/**
 * The app every HTTP function starts from: a request id, errors as problem+json, 404 and 405 alike, safe headers, one line in the log per request
 * and a bounded time for each.
 *
 * Apps may be mounted in one another: an answer that already bears a request id was made by an inner one and is passed on as it is.
 */
import { type Context, Hono } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import { DEBUG_HEADER } from '../telemetry/debug-header.ts';
import { currentScope, note } from '../telemetry/scope.ts';
import { discardBody } from './body.ts';
import { carryRequest, tellRefused } from './carry-request.ts';
import { problemResponse, toAppError } from './problem.ts';

export interface AppEnv {
  Variables: {
    requestId: string;
    /** When it came, in monotonic milliseconds. */
    startedAt: number;
    /** Whether a handler has made another kind of invocation of it. */
    carried?: boolean;
  };
}

export type App = Hono<AppEnv>;

export interface AppOptions {
  log: Log;
  ids: Ids;
  clock: Clock;
  /** Milliseconds until a request that has no answer gets a 503; 55,000 by default, below the platform's own limit. */
  timeoutMs?: number;
  /** Whether handlers make invocations of their own of what comes, such as events, and then set `carried`. */
  handlersCarry?: boolean;
}

/** How long a refused client may go on sending. */
const DISCARD_MS = 5_000;
/** Longer ones look like tokens, which no line tells (telemetry/redact.ts). */
const REQUEST_ID = /^[\w.=-]{1,79}$/;

/** Pages set their own policy; an API answer needs nothing. */
const HEADERS: Record<string, string> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

export function createApp(options: AppOptions): App {
  const { log, ids, clock, timeoutMs = 55_000, handlersCarry = false } = options;
  const app: App = new Hono<AppEnv>();

  const readOn = async (request: Request) => {
    if (!request.body) return;
    const read = new AbortController();
    const late = clock.sleep(DISCARD_MS, read.signal).catch(() => undefined);
    await discardBody(request, late);
    read.abort();
  };

  app.use(async function envelope(c, next) {
    const began = performance.now();
    const given = c.req.header('X-Request-Id') ?? '';
    const requestId = REQUEST_ID.test(given) ? given : ids.unique();
    c.set('startedAt', clock.mono());
    c.set('requestId', requestId);
    const answer = async () => {
      note({ requestId });
      await next();
      if (c.res.status >= 400) await readOn(c.req.raw);
      if (!c.res.headers.has('X-Request-Id')) c.res = enveloped(c.res, requestId);
    };
    if (!handlersCarry) return carryRequest(c, log, answer);
    await answer();
    if (!c.get('carried')) tellRefused(c, log, began, requestId);
  });
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) =>
        refuse(
          c,
          new AppError('method_not_allowed', `This address answers ${methods.join(', ')}`, {
            headers: { Allow: methods.join(', ') },
          }),
        ),
    }),
  );
  app.use(async function bounded(_c, next) {
    const answered = new AbortController();
    const late = clock.sleep(timeoutMs, answered.signal).then(() => {
      throw new AppError('unavailable', `No answer within ${timeoutMs / 1000} s`, { headers: { 'Retry-After': '5' } });
    });
    try {
      await Promise.race([next(), late]);
    } catch (error) {
      // Hono hands only Errors to onError.
      throw error instanceof Error ? error : toAppError(error);
    } finally {
      answered.abort();
    }
  });
  app.notFound((c) => refuse(c, new AppError('not_found', 'No such address here')));
  app.onError((error, c) => problemResponse(toAppError(error), (c as Context<AppEnv>).get('requestId')));
  return app;
}

function enveloped(made: Response, requestId: string): Response {
  const answer = new Response(made.body, made);
  answer.headers.set('X-Request-Id', requestId);
  if (currentScope()?.invocation.debug) answer.headers.set(DEBUG_HEADER, 'on');
  for (const [name, value] of Object.entries(HEADERS)) if (!answer.headers.has(name)) answer.headers.set(name, value);
  return answer;
}

function refuse(c: Context, error: AppError): Response {
  return problemResponse(error, (c as Context<AppEnv>).get('requestId'));
}

/**
 * The app every HTTP function starts from: a request id, errors as problem+json, 404 and 405 alike, safe headers, one access line per request
 * and a bounded time for each.
 *
 * Apps may be mounted in one another: an answer that already bears a request id was made, and logged, by an inner one and is passed on as it is.
 */
import { type Context, Hono } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { routePath } from 'hono/route';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import { discardBody } from './body.ts';
import { problemResponse, toAppError } from './problem.ts';

export interface AppEnv {
  Variables: {
    requestId: string;
    /** When it came, in monotonic milliseconds. */
    startedAt: number;
  };
}

export type App = Hono<AppEnv>;

export interface AppOptions {
  log: Log;
  ids: Ids;
  clock: Clock;
  /** Milliseconds until a request that has no answer gets a 503; 55,000 by default, below the platform's own limit. */
  timeoutMs?: number;
}

/** How long a refused client may go on sending. */
const DISCARD_MS = 5_000;
const REQUEST_ID = /^[\w.=-]{1,128}$/;

/** Pages set their own policy; an API answer needs nothing. */
const HEADERS: Record<string, string> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

export function createApp(options: AppOptions): App {
  const { log, ids, clock, timeoutMs = 55_000 } = options;
  const app: App = new Hono<AppEnv>();

  const readOn = async (request: Request) => {
    if (!request.body) return;
    const read = new AbortController();
    const late = clock.sleep(DISCARD_MS, read.signal).catch(() => undefined);
    await discardBody(request, late);
    read.abort();
  };

  app.use(async function envelope(c, next) {
    const started = clock.mono();
    const given = c.req.header('X-Request-Id') ?? '';
    c.set('startedAt', started);
    c.set('requestId', REQUEST_ID.test(given) ? given : ids.unique());
    await next();
    if (c.res.status >= 400) await readOn(c.req.raw);
    if (c.res.headers.has('X-Request-Id')) return;
    const answer = new Response(c.res.body, c.res);
    answer.headers.set('X-Request-Id', c.get('requestId'));
    for (const [name, value] of Object.entries(HEADERS)) if (!answer.headers.has(name)) answer.headers.set(name, value);
    c.res = answer;
    log.info('request', {
      requestId: c.get('requestId'),
      method: c.req.method,
      route: patternOf(c),
      status: c.res.status,
      ms: Math.round(clock.mono() - started),
    });
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
  app.onError((error, c) => {
    const told = toAppError(error);
    const requestId = (c as Context<AppEnv>).get('requestId');
    if (told.code === 'internal') log.error('a request failed', { requestId, error });
    else if (told.status >= 500)
      log.warn('a request failed', { requestId, code: told.code, error: told.cause ?? told.message });
    return problemResponse(told, requestId);
  });
  return app;
}

function refuse(c: Context, error: AppError): Response {
  return problemResponse(error, (c as Context<AppEnv>).get('requestId'));
}

/** `/v1/domains/:host`, never the address itself; middleware alone matched where it ends in a star. */
function patternOf(c: Context): string {
  const pattern = routePath(c, -1);
  return pattern.endsWith('*') ? '-' : pattern;
}

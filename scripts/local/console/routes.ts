/**
 * The console's own addresses: the page at the root, signing in and out, and below `/console/v1` what keeps it up to date. What runs here anybody may see; what happens here needs
 * an API key that is not bound to one domain, as a cookie or as `Authorization: Bearer`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context } from 'hono';
import { type FunctionRow, isScheduled, type Runtime } from '#shared/define.ts';
import { AppError, isAppError } from '#shared/errors.ts';
import type { App, AppEnv } from '#shared/http/app.ts';
import { createAuthenticate } from '#shared/http/auth.ts';
import { decodeText, readBody } from '#shared/http/body.ts';
import { requireHost, requireRole } from '#shared/http/callers.ts';
import { canBeKey, createSession, requireOwnForm } from '#shared/http/session.ts';
import { openedOnce } from '#shared/opened-once.ts';
import { keepRecent, onInvocation, type RecentInvocation } from '#shared/telemetry/recent.ts';
import { createLastFirings } from './last-firings.ts';
import { createPace } from './pace.ts';
import type { Views } from './views.ts';

export interface ConsoleParts {
  rows: readonly FunctionRow[];
  runtime: Runtime;
  /** '' or a path without a trailing slash. */
  basePath: string;
}

/** Bytes of the form to sign in with. */
const FORM = 8 * 1024;

/** Answers what ends the streams, before the process does. */
export function consoleRoutes(app: App, { rows, runtime, basePath }: ConsoleParts): () => void {
  const session = createSession(`${basePath}/`, runtime.config.cloudRun);
  const authenticate = createAuthenticate(runtime);
  const at = `${basePath}/console`;
  const pace = createPace();
  const outside = AsyncLocalStorage.snapshot();
  keepRecent();
  onInvocation(pace.count);
  const firings = createLastFirings(rows.filter(isScheduled).map(({ name }) => name));
  onInvocation(firings.keep);

  const names = new Set(rows.map(({ name }) => name));
  const isOwn = ({ function: name, route }: RecentInvocation) =>
    !names.has(name) && route !== undefined && (route === `${basePath}/` || route.startsWith(`${at}/`));
  const openViews = openedOnce(async () =>
    (await import('./views.ts')).createViews({ rows, runtime, pace, firings, isOwn, outside }),
  );
  let loaded: Views | undefined;
  const views = async () => {
    loaded = await openViews();
    if (ending) loaded.streams.end();
    return loaded;
  };
  let ending = false;

  const partsOf = (c: Context) => ({ rows, basePath, address: `${originOf(c)}${basePath}` });

  /** Throws `unauthenticated`, `forbidden`, or `unavailable`. */
  const requireViewer = async (authorization: string | undefined) => {
    const caller = await authenticate(authorization);
    requireRole(caller, 'viewer');
    requireHost(caller);
  };
  const authorizationOf = (c: Context) => {
    const key = session.key(c);
    return c.req.header('Authorization') ?? (key === undefined ? undefined : `Bearer ${key}`);
  };

  app.get(`${basePath}/`, async (c) => {
    const { signIn, live } = await views();
    const authorization = authorizationOf(c);
    if (authorization === undefined) return signIn(partsOf(c));
    try {
      await requireViewer(authorization);
    } catch (error) {
      if (!isAppError(error)) throw error;
      if (error.code !== 'unauthenticated') return signIn(partsOf(c), error.message, error.status);
      c.res = await signIn(partsOf(c), 'That key is not valid any more.', 401);
      session.close(c);
      return c.res;
    }
    return live(partsOf(c));
  });

  app.post(`${at}/sign-in`, async (c) => {
    requireOwnForm(c);
    const { signIn } = await views();
    const form = new URLSearchParams(decodeText(await readBody(c.req.raw, FORM)));
    const key = form.get('key')?.trim() ?? '';
    try {
      if (!canBeKey(key)) throw new AppError('unauthenticated', 'There is no such key.');
      await requireViewer(`Bearer ${key}`);
    } catch (error) {
      if (!isAppError(error)) throw error;
      const notice = error.code === 'unauthenticated' ? 'There is no such key.' : error.message;
      return signIn(partsOf(c), notice, error.status);
    }
    session.open(c, key);
    return c.redirect(`${basePath}/`, 303);
  });

  app.post(`${at}/sign-out`, (c) => {
    requireOwnForm(c);
    session.close(c);
    return c.redirect(`${basePath}/`, 303);
  });

  app.get(`${at}/v1/overview`, async (c) => {
    await requireViewer(authorizationOf(c));
    return (await views()).overview();
  });

  app.get(`${at}/v1/stream`, async (c: Context<AppEnv>) => {
    const authorization = authorizationOf(c);
    await requireViewer(authorization);
    const { streams } = await views();
    return streams.open({ address: partsOf(c).address, stillGood: () => requireViewer(authorization) });
  });

  app.get(`${at}/assets/:version/:name`, async (c) => {
    const script = (await views()).script(c.req.param('version'), c.req.param('name'));
    if (!script) throw new AppError('not_found', 'There is no such file, or not any more');
    return script;
  });

  return () => {
    ending = true;
    loaded?.streams.end();
  };
}

/** As the browser sees it, for commands to copy: `http://localhost:8080`. */
function originOf(c: Context): string {
  const url = new URL(c.req.url);
  return `${c.req.header('X-Forwarded-Proto') === 'https' ? 'https:' : url.protocol}//${url.host}`;
}

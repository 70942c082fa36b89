/** The console host under `npm start`: an index page, health, and each HTTP function below its own prefix. */
import type { Connection, FunctionInstance, FunctionRow, HttpFunction, Runtime } from '#shared/define.ts';
import { createApp } from '#shared/http/app.ts';
import type { Diagnostics } from '#shared/serve/diagnostics.ts';
import { createHealth } from '#shared/serve/health.ts';
import { createProfileCall } from '#shared/serve/profile-calls.ts';
import { consoleRoutes } from './console/routes.ts';

export interface ConsoleOptions {
  rows: readonly FunctionRow[];
  running: ReadonlyMap<string, FunctionInstance>;
  runtime: Runtime;
  /** '' or a path without a trailing slash. */
  basePath: string;
  /** Absent where HAWKER_DIAGNOSTICS names no folder. */
  diagnostics?: Diagnostics | undefined;
}

export interface Console {
  fetch: HttpFunction['fetch'];
  /** Ends answers that would go on for as long as somebody looks. */
  endStreams(): void;
}

/** Below it is what `bus` answers at the same path. */
const SEED_PATH = '/api/lta-datamall/v1';

export function createConsole(options: ConsoleOptions): Console {
  const { rows, running, runtime, basePath } = options;
  // Each function bounds its own requests, some at more than the usual minute.
  const longest = Math.max(60, ...rows.map(({ timeout }) => timeout));
  const app = createApp({ ...runtime, timeoutMs: longest * 1000 });

  const endStreams = consoleRoutes(app, { rows, runtime, basePath });
  if (basePath !== '') app.get(basePath, (c) => c.redirect(`${basePath}/`));
  // Probes know nothing of a base path, so health answers at both.
  const health = createHealth(runtime);
  for (const base of new Set(['', basePath])) {
    app.get(`${base}/healthz`, (c) => health.live(c.req.raw));
    app.get(`${base}/readyz`, (c) => health.ready(c.req.raw));
  }
  const recordProfile = createProfileCall(runtime, options.diagnostics);
  app.post(`${basePath}/diagnostics/v1/profiles`, (c) => recordProfile(c.req.raw));
  for (const [name, instance] of running) {
    if (instance.kind !== 'http') continue;
    // Pages and cookies live below the slash; mounting would answer without it as well.
    app.get(`${basePath}/${name}`, (c) => c.redirect(`${basePath}/${name}/${new URL(c.req.url).search}`));
    app.mount(`${basePath}/${name}`, (request, from: Connection) => instance.fetch(request, from));
  }
  const bus = running.get('bus');
  if (bus?.kind === 'http')
    // Callers of the compact form know it at this address alone, without a function's name in it.
    for (const base of new Set(['', basePath]))
      app.all(`${base}${SEED_PATH}/*`, (c) => {
        const url = new URL(c.req.url);
        url.pathname = url.pathname.slice(base.length);
        return bus.fetch(new Request(url, c.req.raw));
      });
  return { fetch: (request, from) => app.fetch(request, from), endStreams };
}

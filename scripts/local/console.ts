/** The console host under `npm start`: an index page, health, and each HTTP function below its own prefix. */
import { html } from 'hono/html';
import type { Connection, FunctionInstance, FunctionRow, Runtime } from '#shared/define.ts';
import { messageOf } from '#shared/errors.ts';
import { type App, createApp } from '#shared/http/app.ts';
import { page, pageResponse } from '#shared/http/page.ts';

export interface ConsoleOptions {
  rows: readonly FunctionRow[];
  running: ReadonlyMap<string, FunctionInstance>;
  runtime: Runtime;
  /** '' or a path without a trailing slash. */
  basePath: string;
}

/** Below it is what `bus` answers at the same path. */
const SEED_PATH = '/api/lta-datamall/v1';

export function createConsole(options: ConsoleOptions): App {
  const { rows, running, runtime, basePath } = options;
  // Each function bounds its own requests, some at more than the usual minute.
  const longest = Math.max(60, ...rows.map(({ timeout }) => timeout));
  const app = createApp({ ...runtime, timeoutMs: longest * 1000 });

  app.get(`${basePath}/`, () => pageResponse(indexPage(rows, basePath)));
  if (basePath !== '') app.get(basePath, (c) => c.redirect(`${basePath}/`));
  // Probes know nothing of a base path, so health answers at both.
  for (const path of new Set(['/healthz', `${basePath}/healthz`]))
    app.get(path, async (c) => c.json(...(await health(runtime))));
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
  return app;
}

async function health(runtime: Runtime): Promise<[object, 200 | 503]> {
  const parts = { store: runtime.store, queue: runtime.queue };
  const entries = await Promise.all(
    Object.entries(parts).map(async ([name, part]) => {
      try {
        await part.check();
        return [name, 'ready'];
      } catch (error) {
        return [name, messageOf(error)];
      }
    }),
  );
  const ready = entries.every(([, state]) => state === 'ready');
  return [{ status: ready ? 'ready' : 'not ready', ...Object.fromEntries(entries) }, ready ? 200 : 503];
}

function indexPage(rows: readonly FunctionRow[], basePath: string) {
  return page({
    title: 'Hawker',
    home: `${basePath}/`,
    body: html`<h1>Functions on this machine</h1>
<ul class="plain">
${rows.map(
  (
    row,
  ) => html`<li><strong>${row.trigger.type === 'http' && row.serve === 'app' ? html`<a href="${basePath}/${row.name}/">${row.name}</a>` : row.name}</strong><br>
${row.summary}.<br><small>${whoCalls(row)}</small></li>
`,
)}</ul>
<p class="soft">Health: <a href="${basePath}/healthz">healthz</a>. Branded links answer on their own host names: every request whose Host is not a console host.</p>`,
  });
}

function whoCalls(row: FunctionRow): string {
  if (row.trigger.type === 'message') return `Takes ${row.trigger.topic} from the queue`;
  if (row.trigger.type === 'schedule') return `Runs by itself at ${row.trigger.cron} (${row.trigger.timeZone})`;
  return row.callers === 'anyone' ? 'Open to anyone' : 'Needs an admin key';
}

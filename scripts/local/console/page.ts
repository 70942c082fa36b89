/** The console's page: what happens here for whoever is signed in, the form to sign in with for others, and what runs here for everybody. */
import { html, raw } from 'hono/html';
import type { FunctionRow } from '#shared/define.ts';
import { page } from '#shared/http/page.ts';
import type { Overview } from './overview.ts';
import { PANELS, type Panel, render } from './panels.ts';
import { isReady } from './parts/readiness.ts';
import { STYLE } from './style.ts';
import type { Html } from './table.ts';

export interface PageParts {
  rows: readonly FunctionRow[];
  /** '' or a path without a trailing slash. */
  basePath: string;
  /** Of this page, without a trailing slash: `http://localhost:8080`. */
  address: string;
}

export interface SignedIn {
  overview: Overview;
  /** The address of the script. */
  script: string;
}

/** Seconds between two loads of the page in a browser without scripts. */
const RELOAD_S = 10;

export async function livePage(parts: PageParts, { overview, script }: SignedIn) {
  const { basePath, address } = parts;
  const texts = await render(
    overview,
    address,
    PANELS.map(({ id }) => id),
  );
  const ready = isReady(overview.readiness.value);
  const shown = PANELS.filter(({ data }) => data(overview) !== undefined);
  const column = (aside: boolean) =>
    shown.filter((panel) => panel.aside === aside).map((panel) => section(panel, texts[panel.id] ?? ''));
  return page({
    title: 'Hawker console',
    home: `${basePath}/`,
    style: STYLE,
    head: html`<link rel="icon" href="data:,"><noscript><meta http-equiv="refresh" content="${RELOAD_S}"></noscript>
<script type="module" src="${script}"></script>`,
    navigation: html`<p id="link" role="status" data-state="${ready ? 'still' : 'unready'}">${ready ? '' : 'Not ready '}<noscript>Loaded anew every ${RELOAD_S} s</noscript></p>
<div class="tools"><button id="pause" class="quiet" type="button" hidden>Pause</button><form method="post" action="${basePath}/console/sign-out"><button class="quiet">Sign out</button></form></div>`,
    body: html`<h1 class="hush">Console</h1>
<div id="live" data-now="${Date.parse(overview.now)}" data-stream="${basePath}/console/v1/stream" data-overview="${basePath}/console/v1/overview">
<div class="main">${column(false)}</div>
<div class="aside">${column(true)}</div>
</div>
${functionList(parts)}`,
  });
}

/** Can be focused by the script, where what had the focus inside is gone. */
function section({ id, title }: Panel, text: string): Html {
  return html`<section class="panel" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
<div id="${id}" tabindex="-1">${raw(text)}</div></section>
`;
}

export function signInPage(parts: PageParts, notice: string | undefined) {
  const { basePath, rows } = parts;
  const keys = rows.some(({ callers }) => callers === 'admins')
    ? 'The first start printed an admin key; any key that is not bound to a domain will do.'
    : 'No function that takes keys runs here, so none was made: set one in HAWKER_ADMIN_KEY.';
  return page({
    title: 'Hawker',
    home: `${basePath}/`,
    style: STYLE,
    body: html`<h1>Hawker on this machine</h1>
${notice ? html`<p class="notice" role="status">${notice}</p>` : ''}
<form class="sign-in" method="post" action="${basePath}/console/sign-in">
<label>API key <input type="password" name="key" autocomplete="current-password" required></label>
<button>Sign in</button>
<p class="soft">Shows requests, errors, the queue, leases and runs as they happen. ${keys}</p>
</form>
${functionList(parts)}`,
  });
}

function functionList({ rows, basePath }: PageParts): Html {
  return html`<section class="panel" aria-labelledby="functions-title"><h2 id="functions-title">Functions</h2>
<ul class="functions">
${rows.map(
  (
    row,
  ) => html`<li><strong>${row.trigger.type === 'http' && row.serve === 'app' ? html`<a href="${basePath}/${row.name}/">${row.name}</a>` : row.name}</strong>
<p>${withCode(row.summary)}. <small>${whoCalls(row)}.</small></p></li>
`,
)}</ul>
<p class="soft">Health: <a href="${basePath}/readyz">readyz</a> says whether it can work, <a href="${basePath}/healthz">healthz</a> whether it lives. Branded links answer on their own host names: every request whose Host is not a console host.</p></section>`;
}

/** What stands between backticks is code. */
function withCode(text: string): Html[] {
  return text.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part));
}

function whoCalls(row: FunctionRow): string {
  if (row.trigger.type === 'message') return `Takes ${row.trigger.topic} from the queue`;
  if (row.trigger.type === 'schedule') return `Runs by itself at ${row.trigger.cron} (${row.trigger.timeZone})`;
  return row.callers === 'anyone' ? 'Open to anyone' : 'Needs an admin key';
}

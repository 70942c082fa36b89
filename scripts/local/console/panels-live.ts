/** What happens just now: the last minute, the last invocations, the last failures. Every value is escaped by the template. */
import { html } from 'hono/html';
import type { Overview, Told } from './overview.ts';
import { hasFailed } from './pace.ts';
import { sparkline } from './sparkline.ts';
import { type Html, table } from './table.ts';
import { countText, msText, timeTag } from './words.ts';

export function minutePanel({ minute }: Pick<Overview, 'minute'>): Html {
  const { requests, failures, otherFailures, p50Ms, p99Ms, pace } = minute;
  const quiet = requests === 0;
  const rate = requests / 60;
  return html`<dl class="figures">
<div><dt>Requests</dt><dd>${countText(requests)}<small>${quiet ? '' : rate < 1 ? '' : ` ${rate < 10 ? rate.toFixed(1) : countText(Math.round(rate))}/s`}</small></dd></div>
<div${failures > 0 ? html` class="bad"` : ''}><dt>Failures</dt><dd>${countText(failures)}</dd></div>
<div><dt>Median</dt><dd>${quiet ? '–' : msText(p50Ms)}</dd></div>
<div><dt>99 % within</dt><dd>${quiet ? '–' : msText(p99Ms)}</dd></div>
${otherFailures > 0 ? html`<div class="bad"><dt>Failed events, firings</dt><dd>${countText(otherFailures)}</dd></div>` : ''}
</dl>
${sparkline(pace)}`;
}

const COLUMNS = [
  { head: 'What' },
  { head: 'Outcome', plain: true },
  { head: 'Took', number: true, plain: true },
  { head: 'When', number: true, plain: true },
];

export function requestsPanel({ invocations, now }: Pick<Overview, 'invocations' | 'now'>, address: string): Html {
  if (invocations.length === 0) return noneYet(address);
  const rows = invocations.map((one) => ({
    key: one.requestId,
    bad: hasFailed(one),
    cells: [nameOf(one), outcomeOf(one), msText(one.ms), timeTag(new Date(one.at).toISOString(), now)],
  }));
  return html`${table('The last requests, events and firings', COLUMNS, rows)}
<p class="soft"><small>What this page asks for itself is counted above and not listed.</small></p>`;
}

/** What will be here, and how to make it. */
function noneYet(address: string): Html {
  const port = /:\d+(?=\/|$)/.exec(address)?.[0] ?? '';
  return html`<p class="soft">Requests, events and firings of schedules appear here as they end. A first link, with your admin key in <code>KEY</code>:</p>
<pre tabindex="0" data-key="first-link"><code>curl -X PUT -H "Authorization: Bearer $KEY" ${address}/links/v1/domains/go.localhost
curl -H "Authorization: Bearer $KEY" --json '{"slug": "hi", "target": "https://example.com/"}' \\
  ${address}/links/v1/domains/go.localhost/links
curl -i http://go.localhost${port}/hi</code></pre>`;
}

export function failuresPanel({ failures, now }: Pick<Overview, 'failures' | 'now'>): Html {
  if (failures.length === 0)
    return html`<p class="soft">None since the start. What fails unexpectedly is here with its trace, or with the ids by which the log has it.</p>`;
  return html`<ol class="failures">${failures.map(
    (
      one,
    ) => html`<li><p>${nameOf(one)} ${outcomeOf(one)} <small>${times(one)}${msText(one.ms)}, ${timeTag(new Date(one.at).toISOString(), now)}</small></p>
${one.error === undefined ? '' : html`<p class="why">${one.error.replace(/^AppError: /, '')}</p>`}
<p class="ids">${idsOf(one)}</p></li>
`,
  )}</ol>`;
}

/** Of those that are alike, only the last one is shown. */
function times({ times: count = 1 }: Told): string {
  return count === 1 ? '' : `${countText(count)} times, `;
}

/** Whose it was, and what: the pattern of a request's path; the path only of a link, and where nothing is. */
function nameOf({ function: whose, name, kind, address }: Told): Html {
  const asked =
    address === undefined ? name.replace(/ -$/, ' (no such address)') : `${name.replace(/ -$/, '')} ${address}`;
  const what = kind === 'request' ? html`<code>${asked}</code>` : kind;
  return html`<span class="whose">${kind === 'request' ? whose || 'hawker' : name}</span> ${what}`;
}

function outcomeOf({ status, outcome }: Told): Html {
  const text = status === undefined ? outcome : `${status}`;
  const kind = status === undefined ? outcome : `s${Math.floor(status / 100)}`;
  return html`<span class="outcome ${/^\w+$/.test(kind) ? kind : ''}">${text}</span>`;
}

function idsOf({ trace, traceId, sampled, kind, requestId, ...one }: Told): Html {
  // The same while others like it come, so that who has it in focus keeps it.
  const key = [kind, one.function, one.name, one.status ?? one.outcome, one.code].join(' ');
  const own = html`<span>${kind} <code>${requestId}</code></span>`;
  if (traceId === undefined) return own;
  const shown = trace
    ? html`<a href="${trace}" data-key="${key}" rel="noreferrer">trace <code>${traceId}</code></a>`
    : html`<span>trace <code>${traceId}</code>${sampled === true ? '' : ' (not recorded here)'}</span>`;
  return html`${shown} ${own}`;
}

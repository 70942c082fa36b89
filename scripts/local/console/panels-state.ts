/** How things stand: the queue, leases, schedules, migration runs, LTA, the process. Every value is escaped by the template. */
import { html } from 'hono/html';
import { VERSION } from '#shared/telemetry/version.ts';
import type { Known } from './known.ts';
import type { Overview } from './overview.ts';
import { isReady } from './parts/readiness.ts';
import { type Html, table } from './table.ts';
import { aheadTag, counted, countText, timeTag } from './words.ts';

/** What is known, with what stands in the way of knowing it better. */
function told<T>(known: Known<T> | undefined, show: (value: T) => Html): Html {
  const { value, trouble } = known ?? {};
  const said = trouble === undefined ? '' : html`<p class="notice">Not as of now: ${trouble}</p>`;
  if (value === undefined) return trouble === undefined ? html`<p class="soft">Being read …</p>` : said;
  return html`${said}${show(value)}`;
}

/** What is amiss, the browser's script reads off the element of the class `unready` (browser/console.js). */
export function readinessPanel({ readiness, now }: Pick<Overview, 'readiness' | 'now'>): Html {
  return told(readiness, (rows) => {
    const bad = rows.filter(({ ready }) => ready === false);
    const good = rows.filter(({ ready }) => ready === true).map(({ name }) => name);
    const ready = isReady(rows);
    return html`${ready ? html`<p class="soft"><span class="ready">Ready</span>${good.length > 0 ? `: ${good.join(', ')}` : ''}</p>` : html`<p class="unready">Not ready: most requests fail.</p>`}${
      bad.length === 0
        ? ''
        : table(
            'What is amiss',
            [{ head: 'What' }, { head: 'Why', plain: true }, { head: 'Last good', number: true }],
            bad.map(({ name, must, reason = '', goodAt }) => ({
              key: name,
              bad: must,
              cells: [
                name,
                html`<span class="why">${reason}</span>`,
                goodAt === undefined ? html`<span class="none">never</span>` : timeTag(goodAt, now),
              ],
            })),
          )
    }`;
  });
}

export function queuePanel({ queue, now }: Pick<Overview, 'queue' | 'now'>): Html {
  return told(queue, (rows) => {
    if (rows === 'pubsub')
      return html`<p class="soft">Events travel by Pub/Sub. How many wait, and how old the oldest is, Cloud Monitoring tells: <code>subscription/num_undelivered_messages</code> and <code>subscription/oldest_unacked_message_age</code>.</p>`;
    const dead = rows.filter((row) => row.dead > 0);
    return html`${table(
      'Subscriptions',
      [
        { head: 'Subscription' },
        { head: 'Waiting', number: true },
        { head: 'Oldest', number: true },
        { head: 'Dead', number: true },
      ],
      rows.map((row) => ({
        key: row.subscription,
        bad: row.dead > 0,
        cells: [
          html`${row.subscription}${row.here ? '' : html` <small>not handled here</small>`}`,
          html`<span class="${row.waiting === 0 ? 'none' : ''}">${countText(row.waiting)}</span>`,
          row.oldest === undefined ? html`<span class="none">–</span>` : timeTag(row.oldest, now),
          html`<span class="${row.dead === 0 ? 'none' : 'outcome failed'}">${countText(row.dead)}</span>`,
        ],
      })),
    )}${dead.map(
      ({
        subscription,
        dead: letters,
      }) => html`<p class="do">${counted(letters, 'event')} of ${subscription} could not be handled. Look at them, then deliver them again:<br>
<code>npm run queue -- dlq ls ${subscription}</code><br><code>npm run queue -- dlq redrive ${subscription} --all</code></p>`,
    )}`;
  });
}

const LEADS = { here: 'leads here', elsewhere: 'led elsewhere', nobody: 'free' } as const;

export function leasesPanel({ leases, now }: Pick<Overview, 'leases' | 'now'>): Html {
  return told(leases, (rows) => {
    if (rows.length === 0)
      return html`<p class="soft">Nobody has led anything yet. Schedules and migrations lead while they run; <code>npm run lease -- run try -- sleep 60</code> does too.</p>`;
    return table(
      'Leases',
      [
        { head: 'Lease' },
        { head: 'Who', plain: true },
        { head: 'Since', number: true },
        { head: 'Renewals', number: true },
        { head: 'Token', number: true },
      ],
      rows.map((row) => ({
        key: row.name,
        cells: [
          html`<span title="${row.why}">${row.name}</span>`,
          html`<span class="leads ${row.leads}" title="${row.holder ?? ''}">${LEADS[row.leads]}</span>`,
          row.leads === 'nobody' ? html`<span class="none">–</span>` : timeTag(row.since, now),
          row.leads === 'nobody' ? html`<span class="none">–</span>` : countText(row.renewals),
          html`<code>${row.token}</code>`,
        ],
      })),
    );
  });
}

export function schedulesPanel({ schedules, now }: Pick<Overview, 'schedules' | 'now'>): Html {
  return told(schedules, (rows) => {
    if (rows.length === 0) return html`<p class="soft">No function that fires by itself runs here.</p>`;
    return table(
      'Schedules',
      [{ head: 'Schedule' }, { head: 'Next', number: true }, { head: 'Last', number: true }],
      rows.map(({ name, cron, timeZone, next, last }) => ({
        key: name,
        bad: last?.state === 'failed',
        cells: [
          html`<span title="${cron} (${timeZone})">${name}</span>`,
          next === undefined ? 'never' : aheadTag(next, now),
          last
            ? html`<span class="outcome ${/^\w+$/.test(last.state) ? last.state : ''}" title="${last.reason ?? `firing of ${last.firing}`}">${last.state}</span> ${timeTag(last.at, now)}`
            : html`<span class="none">–</span>`,
        ],
      })),
    );
  });
}

export function runsPanel({ runs, now }: Pick<Overview, 'runs' | 'now'>, address: string): Html {
  return told(runs, (rows) => {
    if (rows.length === 0)
      return html`<p class="soft">No database was migrated yet. The sample needs nothing installed: <code>npm run migrate -- up --target sample</code>, or</p>
<pre tabindex="0" data-key="first-run"><code>curl -H "Authorization: Bearer $KEY" --json '{"command": "up"}' \\
  ${address}/migrations/v1/targets/sample/runs</code></pre>`;
    return table(
      'Migration runs',
      [
        { head: 'Run' },
        { head: 'State', plain: true },
        { head: 'Steps', number: true },
        { head: 'When', number: true, plain: true },
      ],
      rows.map(({ id, target, command, state, done, planned, at, error }) => ({
        key: id,
        bad: state === 'failed',
        cells: [
          html`${target} <code>${command}</code>${error === undefined ? '' : html`<p class="why">${error}</p>`}`,
          html`<span class="outcome ${state}">${state}</span>`,
          planned === 0
            ? html`<span class="none">–</span>`
            : html`${done} of ${planned}${state === 'running' ? html` <progress max="${planned}" value="${done}" aria-label="Steps done"></progress>` : ''}`,
          timeTag(at, now),
        ],
      })),
    );
  });
}

export function busPanel({ bus }: Pick<Overview, 'bus'>): Html {
  return told(bus, ({ mode, callsLeft, callsPerMinute, breaker, calls = 0, failures = 0 }) => {
    if (mode === 'demo')
      return html`<p class="soft">A demo, with invented buses. With a free key in <code>LTA_ACCOUNT_KEY</code> they are the real ones.</p>`;
    return html`<dl class="pairs">
<div><dt>Calls left</dt><dd>${countText(callsLeft ?? 0)} now, ${countText(callsPerMinute ?? 0)} a minute</dd></div>
<div${breaker === 'closed' ? '' : html` class="bad"`}><dt>Breaker</dt><dd>${breaker ?? ''}</dd></div>
<div><dt>Calls</dt><dd>${countText(calls)}</dd></div><div><dt>Failed</dt><dd>${countText(failures)}</dd></div></dl>`;
  });
}

export function processPanel({ process, now }: Pick<Overview, 'process' | 'now'>): Html {
  const { since, memory, node, pid, store, queue } = process;
  return html`<dl class="pairs">
<div><dt>Started</dt><dd>${timeTag(since, now)}</dd></div><div><dt>Memory</dt><dd>${memory} MiB</dd></div>
<div><dt>Hawker</dt><dd>${VERSION}</dd></div><div><dt>Node.js</dt><dd>${node.replace(/^v/, '')}</dd></div>
<div><dt>Store</dt><dd>${store}</dd></div><div><dt>Queue</dt><dd>${queue}</dd></div>
<div><dt>Process</dt><dd>${pid}</dd></div></dl>`;
}

/** Which dashboards there are, and what is on each: one for all, one for what is shared, one for each function of the manifest. */
import { MANIFEST } from '#functions/manifest.ts';
import type { FunctionRow } from '#shared/define.ts';
import { about, type Panel, type Section } from './panel.ts';
import {
  events,
  firings,
  leases,
  processes,
  published,
  readiness,
  requests,
  store,
  upstreams,
  uptime,
} from './panels-of-functions.ts';
import { BUS, durations, largest, MIGRATIONS, perSecond, REDIRECTS, SLIDES } from './panels-of-pages.ts';
import { by, legend, series } from './promql.ts';
import { REDIRECT_P99, REQUEST_ERRORS, redirectErrors, STALE_READINGS } from './recorded.ts';

export interface Page {
  /** `overview`, or as its function is called. */
  name: string;
  title: string;
  about: string;
  sections: readonly Section[];
  /** Whose logs and traces it shows; all, where absent. */
  of?: string;
}

const stat = (title: string, text: string, unit: Panel['unit'], expr: string): Panel => {
  return { title, about: text, unit, kind: 'stat', queries: [{ expr, legend: title }] };
};

const deadOrWaiting = (state: 'dead' | 'waiting') =>
  `sum(${series('hawker.queue.depth', { 'hawker.state': `=${state}` })})`;
const outcomes = 'hawker.outbox.relayed';

const OVERVIEW: Page = {
  name: 'overview',
  title: 'Hawker',
  about: 'All of Hawker at a glance; each function has a page of its own.',
  sections: [
    {
      title: 'Now',
      panels: [
        stat('Redirects that fail', 'Over the last hour; the budget is 0.1 %.', 'percentunit', redirectErrors('1h')),
        stat('Redirects: 99 %', 'The slowest of a hundred, over five minutes.', 's', REDIRECT_P99),
        stat(
          'Requests that fail',
          'The function with the largest share of answers of 500 and above.',
          'percentunit',
          `max(${REQUEST_ERRORS})`,
        ),
        stat(
          'Old bus arrivals',
          'The share that was stale or missing, over five minutes.',
          'percentunit',
          STALE_READINGS,
        ),
        stat('Dead letters', 'Of the embedded queue.', 'short', deadOrWaiting('dead')),
        stat('Waiting events', 'Of the embedded queue.', 'short', deadOrWaiting('waiting')),
      ],
    },
    {
      title: 'Functions',
      panels: [
        perSecond(
          'Requests',
          'http.server.request.duration',
          series('http.server.request.duration', { 'faas.name': '!=' }, 'count'),
          ['faas.name'],
          'reqps',
        ),
        durations(
          'Requests: duration',
          'http.server.request.duration',
          series('http.server.request.duration', { 'faas.name': '!=' }, 'bucket'),
          ['faas.name'],
        ),
        ...REDIRECTS.slice(0, 1),
        perSecond(
          'Events',
          'messaging.process.duration',
          series('messaging.process.duration', {}, 'count'),
          ['messaging.destination.subscription.name'],
          'eps',
        ),
        perSecond(
          'Firings',
          'hawker.schedule.firing.duration',
          series('hawker.schedule.firing.duration', {}, 'count'),
          ['faas.name', 'hawker.outcome'],
        ),
        {
          title: 'Since the last good end',
          about: about('hawker.schedule.last_success'),
          unit: 's',
          queries: [
            {
              expr: `time() - max ${by('faas.name')} (${series('hawker.schedule.last_success')})`,
              legend: legend('faas.name'),
            },
          ],
        },
      ],
    },
    {
      title: 'What they use',
      panels: [
        perSecond('Store: calls', 'db.client.operation.duration', series('db.client.operation.duration', {}, 'count'), [
          'db.system.name',
          'db.operation.name',
        ]),
        durations(
          'Store: duration',
          'db.client.operation.duration',
          series('db.client.operation.duration', {}, 'bucket'),
          ['db.operation.name'],
        ),
        perSecond(
          'Published',
          'messaging.client.operation.duration',
          series('messaging.client.operation.duration', {}, 'count'),
          ['messaging.destination.name'],
          'eps',
        ),
        perSecond('Other services', 'hawker.upstream.duration', series('hawker.upstream.duration', {}, 'count'), [
          'hawker.upstream',
          'error.type',
        ]),
      ],
    },
    { title: 'Processes', panels: [...processes('$job'), uptime('$job'), readiness('$job')] },
  ],
};

const COORDINATION: Page = {
  name: 'coordination',
  title: 'Hawker: coordination',
  about: 'Leases, schedules, the inbox and the outbox.',
  sections: [
    { title: 'Leases', panels: leases() },
    {
      title: 'Inbox and outbox',
      panels: [
        perSecond(
          'Came again',
          'hawker.inbox.duplicates',
          series('hawker.inbox.duplicates'),
          ['hawker.consumer'],
          'eps',
        ),
        perSecond('Outbox by outcome', outcomes, series(outcomes), ['hawker.outcome'], 'eps'),
      ],
    },
    {
      title: 'Queue',
      panels: [
        largest(
          'Waiting and dead',
          'hawker.queue.depth',
          series('hawker.queue.depth'),
          ['messaging.destination.subscription.name', 'hawker.state'],
          'short',
        ),
        largest(
          'Oldest that waits',
          'hawker.queue.oldest_age',
          series('hawker.queue.oldest_age'),
          ['messaging.destination.subscription.name'],
          's',
        ),
      ],
    },
    {
      title: 'Schedules',
      panels: [
        durations(
          'Firings: duration',
          'hawker.schedule.firing.duration',
          series('hawker.schedule.firing.duration', {}, 'bucket'),
          ['faas.name'],
        ),
      ],
    },
  ],
};

function pageOf(row: FunctionRow): Page {
  const triggered = { http: requests, message: events, schedule: firings }[row.trigger.type](row.name);
  const uses = (setting: FunctionRow['settings'][number]) => row.settings.includes(setting);
  const sections: Section[] = [
    // Redirects answer outside the app that measures requests, and measure themselves.
    { title: row.trigger.type, panels: row.serve === 'own-server' ? REDIRECTS : triggered },
    { title: 'Bus arrivals', panels: uses('LTA_CALLS_PER_MINUTE') ? BUS : [] },
    { title: 'Slides', panels: row.google.includes('slides') ? SLIDES : [] },
    { title: 'Migrations', panels: uses('HAWKER_DATABASES') ? MIGRATIONS : [] },
    {
      title: 'Outbox',
      panels:
        'outbox' in row.store
          ? [perSecond('Outbox by outcome', outcomes, series(outcomes), ['hawker.outcome'], 'eps')]
          : [],
    },
    { title: 'Store', panels: store(row) },
    { title: 'Queue', panels: published(row) },
    { title: 'Other services', panels: upstreams(servicesOf(row)) },
    { title: 'Process', panels: processes('$job') },
  ];
  return {
    name: row.name,
    title: `Hawker: ${row.name}`,
    about: `${row.summary}.`,
    sections: sections.filter(({ panels }) => panels.length > 0),
    of: row.name,
  };
}

function servicesOf({ google, settings, blobs }: FunctionRow): string[] {
  return [
    ...google,
    ...(blobs === 'none' ? [] : ['storage']),
    ...(blobs === 'sign' ? ['iam', 'web'] : []),
    ...(settings.includes('LTA_CALLS_PER_MINUTE') ? ['lta'] : []),
    ...(settings.includes('HAWKER_PUSH_CONTACT') ? ['push'] : []),
  ];
}

export const PAGES: readonly Page[] = [OVERVIEW, COORDINATION, ...MANIFEST.map(pageOf)];

/**
 * THE table of functions. The local runner, the build, README's table and the subscriptions are derived from it; a test fails when they drift.
 */
import type { FunctionRow } from '#shared/define.ts';
import { BUS } from './manifest-bus.ts';
import { LINKS } from './manifest-links.ts';
import { MIGRATIONS } from './manifest-migrations.ts';
import { FIRED } from './manifest-schedules.ts';
import { SLIDES } from './manifest-slides.ts';

export const MANIFEST: readonly FunctionRow[] = [
  ...LINKS,
  ...BUS,
  ...SLIDES,
  ...MIGRATIONS,
  {
    name: 'leases',
    summary: 'Tells who leads, since when and why; takes a lease away from its holder',
    trigger: { type: 'http' },
    ingress: 'all',
    callers: 'admins',
    serve: 'app',
    store: {
      leases: 'write',
      'lease-terms': 'write',
      'lease-fences': 'write',
      'lease-history': 'write',
      'api-keys': 'read',
      idempotency: 'write',
    },
    publishes: [],
    blobs: 'none',
    google: [],
    memory: 256,
    cpu: 1,
    concurrency: 40,
    timeout: 60,
    retries: 0,
    settings: ['HAWKER_ADMIN_KEY', 'HAWKER_ADMIN_AUDIENCE', 'HAWKER_ADMIN_EMAILS', 'HAWKER_LEASES'],
    secrets: ['HAWKER_ADMIN_KEY'],
  },
  {
    name: 'outbox-relay',
    summary: 'Publishes the events that were committed together with the changes they tell of, in order per key',
    trigger: { type: 'schedule', cron: '* * * * *', timeZone: 'UTC', overlap: 'skip' },
    ingress: 'internal',
    callers: 'scheduler',
    serve: 'app',
    store: {
      outbox: 'write',
      'outbox-dead': 'write',
      ...FIRED,
    },
    // Each topic that a function commits events for to the outbox.
    publishes: [],
    blobs: 'none',
    google: [],
    memory: 256,
    cpu: 1,
    concurrency: 1,
    timeout: 50,
    retries: 0,
    settings: ['HAWKER_PUSH_AUDIENCE', 'HAWKER_PUSH_EMAIL', 'HAWKER_LEASES'],
    secrets: [],
  },
];

/**
 * Rows of the manifest: database migrations. Which secrets they read, and which instances of Cloud SQL they connect to, stands in the file of HAWKER_DATABASES and not here: whoever deploys takes it from there, and grants
 * roles/secretmanager.secretAccessor on each such secret and roles/cloudsql.client in each such project.
 */
import type { FunctionRow } from '#shared/define.ts';
import { FIRED } from './manifest-schedules.ts';

/** Who leads is kept here. */
const LED = { leases: 'write', 'lease-terms': 'write', 'lease-fences': 'write', 'lease-history': 'write' } as const;

export const MIGRATIONS: readonly FunctionRow[] = [
  {
    name: 'migrations',
    summary: 'Tells how far each database is and what is pending; starts, pauses and cancels runs',
    trigger: { type: 'http' },
    ingress: 'all',
    callers: 'admins',
    serve: 'app',
    store: {
      'migration-runs': 'write',
      'migration-rollouts': 'write',
      // Taken away from whoever runs, at an admin's word.
      ...LED,
      'api-keys': 'read',
      idempotency: 'write',
    },
    publishes: ['migration.run'],
    blobs: 'none',
    google: ['secretmanager', 'sqladmin'],
    // A rehearsal has all of PostgreSQL in this process, which takes 1.2 GiB for a moment.
    memory: 2_048,
    cpu: 1,
    concurrency: 20,
    timeout: 60,
    retries: 0,
    settings: [
      'HAWKER_DATABASES',
      'GOOGLE_APIS_ROOT_URL',
      'HAWKER_ADMIN_KEY',
      'HAWKER_ADMIN_AUDIENCE',
      'HAWKER_ADMIN_EMAILS',
      'HAWKER_LEASES',
    ],
    secrets: ['HAWKER_ADMIN_KEY'],
  },
  {
    name: 'migration-runs',
    summary: 'Runs migrations, one runner for each database, and goes on where a deadline ended a run',
    trigger: { type: 'message', topic: 'migration.run' },
    ingress: 'internal',
    callers: 'push',
    serve: 'app',
    store: { 'migration-runs': 'write', 'migration-rollouts': 'write', ...LED },
    publishes: ['migration.run', 'migration.told'],
    blobs: 'none',
    google: ['secretmanager', 'sqladmin'],
    memory: 512,
    cpu: 1,
    concurrency: 8,
    timeout: 600,
    retries: 5,
    settings: [
      'HAWKER_DATABASES',
      'GOOGLE_APIS_ROOT_URL',
      'HAWKER_PUSH_AUDIENCE',
      'HAWKER_PUSH_EMAIL',
      'HAWKER_LEASES',
    ],
    secrets: [],
  },
  {
    name: 'migration-schedule',
    summary: 'Begins an `up` for each database whose own schedule has fired',
    trigger: { type: 'schedule', cron: '*/5 * * * *', timeZone: 'UTC', overlap: 'skip' },
    ingress: 'internal',
    callers: 'scheduler',
    serve: 'app',
    store: { 'migration-runs': 'write', ...FIRED },
    publishes: ['migration.run'],
    blobs: 'none',
    google: [],
    memory: 256,
    cpu: 1,
    concurrency: 1,
    timeout: 50,
    retries: 0,
    settings: ['HAWKER_DATABASES', 'HAWKER_PUSH_AUDIENCE', 'HAWKER_PUSH_EMAIL', 'HAWKER_LEASES'],
    secrets: [],
  },
];

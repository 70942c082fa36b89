/** Rows of the manifest: database migrations. */
import type { FunctionRow } from '#shared/define.ts';

/** Who leads is kept here. */
const LED = { leases: 'write', 'lease-terms': 'write', 'lease-fences': 'write', 'lease-history': 'write' } as const;

export const MIGRATIONS: readonly FunctionRow[] = [
  {
    name: 'migrations',
    summary: 'Tells how far each database is and what is pending; starts and cancels runs',
    trigger: { type: 'http' },
    ingress: 'all',
    callers: 'admins',
    serve: 'app',
    store: { 'migration-runs': 'write', leases: 'read', 'api-keys': 'read', idempotency: 'write' },
    publishes: ['migration.run'],
    blobs: 'none',
    google: [],
    memory: 512,
    cpu: 1,
    concurrency: 20,
    timeout: 60,
    retries: 0,
    settings: ['HAWKER_DATABASES', 'HAWKER_ADMIN_KEY', 'HAWKER_ADMIN_AUDIENCE', 'HAWKER_ADMIN_EMAILS', 'HAWKER_LEASES'],
    secrets: ['HAWKER_ADMIN_KEY'],
  },
  {
    name: 'migration-runs',
    summary: 'Runs migrations, one runner for each database, and goes on where a deadline ended a run',
    trigger: { type: 'message', topic: 'migration.run' },
    ingress: 'internal',
    callers: 'push',
    serve: 'app',
    store: { 'migration-runs': 'write', ...LED },
    publishes: ['migration.run', 'migration.told'],
    blobs: 'none',
    google: [],
    memory: 512,
    cpu: 1,
    concurrency: 8,
    timeout: 600,
    retries: 5,
    settings: ['HAWKER_DATABASES', 'HAWKER_PUSH_AUDIENCE', 'HAWKER_PUSH_EMAIL', 'HAWKER_LEASES'],
    secrets: [],
  },
];

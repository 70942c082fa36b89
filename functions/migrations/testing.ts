/** The function's routes as tests call them: over real records in memory, and databases that a test makes up. */
import { loadConfig } from '#shared/config.ts';
import type { NewEvent } from '#shared/events/event.ts';
import { createApi } from '#shared/http/api.ts';
import { createKey } from '#shared/http/api-keys.ts';
import { createApp } from '#shared/http/app.ts';
import { createAuthenticate } from '#shared/http/auth.ts';
import type { Role } from '#shared/http/callers.ts';
import { createIdempotency } from '#shared/http/idempotency.ts';
import { systemIds } from '#shared/ids.ts';
import { createLeases } from '#shared/lease/leases.ts';
import { createStoreRecords } from '#shared/lease/store-records.ts';
import type { Status } from '#shared/migrations/look.ts';
import type { Migration, Script, Step } from '#shared/migrations/migration.ts';
import { createRollouts, startByQueue } from '#shared/migrations/rollout/rollouts.ts';
import { createRuns } from '#shared/migrations/run-records.ts';
import type { Target } from '#shared/migrations/target.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import { ADMIN_KEY, createAsk } from '#shared/testing/api-client.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { type MigrationsParts, migrationsRoutes } from './handler.ts';

type Databases = MigrationsParts['databases'];

/** Nineteen digits, as `create -format unixNano` makes them. */
export const LONG = 1_700_000_000_123_456_789n;

export const aTarget = (name: string, change: Partial<Target> = {}): Target => ({
  name,
  kind: 'postgres',
  address: { from: 'variable', name: 'SECRET_ADDRESS' },
  folder: '/srv/secret-folder',
  table: 'schema_migrations',
  labels: {},
  lockTimeoutMs: 3_000,
  statementTimeoutMs: 0,
  ...change,
});

const script = (file: string, text: string): Script => ({
  file,
  text,
  checksum: 'c'.repeat(64),
  directives: { noTransaction: false, irreversible: false },
});

export function aStep(version: bigint, change: Partial<Migration> = {}): Step {
  const migration = {
    version,
    name: 'one',
    up: script(`${version}_one.up.sql`, 'create table one (id int)'),
    ...change,
  };
  return { direction: 'up', migration, from: undefined, to: version };
}

export const aStatus = (change: Partial<Status> = {}): Status => ({
  state: { version: undefined, dirty: false },
  pending: 2,
  drift: { edited: [], missing: [], late: [] },
  holders: [],
  ...change,
});

export async function createRig(
  given: { prefix?: string; databases?: Partial<Databases>; rehearse?: MigrationsParts['rehearse'] } = {},
) {
  const store = withShorthands(createMemoryDriver());
  const [clock, log] = [createFakeClock(), createKeptLog()];
  const config = loadConfig({ HAWKER_ADMIN_KEY: ADMIN_KEY });
  const common = { config, store, clock, ids: systemIds, log };
  const runs = createRuns(common);
  const published: { topic: string; event: NewEvent }[] = [];
  const trouble: { publish?: Error } = {};
  const prefix = given.prefix ?? '/migrations';
  const databases: Databases = {
    targets: async () => [aTarget('shop'), aTarget('accounts')],
    status: async () => aStatus(),
    plan: async () => ({ steps: [aStep(LONG)] }),
    history: async () => [],
    verify: async () => ({ drift: aStatus().drift, state: { version: 3n, dirty: false }, ok: true }),
    survey: async () => ({ ...aStatus(), bundle: 'b' }),
    ...given.databases,
  };
  const app = createApp(common);
  const api = createApi({
    app,
    title: 'Hawker migrations',
    about: 'In a test.',
    prefix,
    authenticate: createAuthenticate(common),
    idempotency: createIdempotency(common),
  });
  const publish = async (topic: string, event: NewEvent) => {
    if (trouble.publish) throw trouble.publish;
    published.push({ topic, event });
  };
  const rollouts = createRollouts({ ...common, runs, start: startByQueue({ queue: { publish }, clock }) });
  const leases = createLeases({ ...common, records: createStoreRecords(store, 'memory'), host: 'test' });
  const rehearse: MigrationsParts['rehearse'] =
    given.rehearse ?? (async () => ({ ok: true, engine: 'sqlite', ms: 1, steps: [], problems: [] }));
  migrationsRoutes(api, {
    rehearse,
    ...{ ...common, databases, runs, rollouts, prefix, queue: { publish } },
    leases: async () => leases,
  });
  return {
    store,
    clock,
    log,
    runs,
    leases,
    published,
    trouble,
    ask: createAsk((request) => app.fetch(request)),
    /** The Authorization header of a new key. */
    async keyFor(role: Role, host?: string) {
      const { text } = await createKey(common, { name: 'n', role, ...(host && { host }) });
      return { Authorization: `Bearer ${text}` };
    },
  };
}

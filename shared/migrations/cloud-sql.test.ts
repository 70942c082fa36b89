/** Cloud SQL's connector against a stand-in for the API and for an instance, with a real PostgreSQL and MariaDB behind it. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config.ts';
import { isAppError } from '../errors.ts';
import { openGoogle } from '../google/index.ts';
import { systemIds } from '../ids.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { type InstanceOptions, startCloudSql } from '../testing/google/cloud-sql.ts';
import { createSecrets } from '../testing/google/secrets.ts';
import { startFakeGoogle } from '../testing/google/start.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { type CloudSqlRef, dialCloudSql, loginOf } from './cloud-sql.ts';
import { failsWith, given, migration, until } from './contract-rig.ts';
import { sessionsWith } from './index.ts';
import { mysqlOf } from './mysql/rig.ts';
import { serverOf, startPostgres } from './postgres/rig.ts';
import type { Target } from './target.ts';

guardAgainstLeaks(5_000);

const NAME = 'demo-hawker:asia-southeast1:shop';
const SECRET = 'projects/demo-hawker/secrets/password/versions/latest';
const FRUIT = { up: 'CREATE TABLE fruit (id int);\nINSERT INTO fruit VALUES (1);\n', down: 'DROP TABLE fruit;\n' };
const before = { ...process.env };
after(() => {
  process.env = before;
});

type Behind = Pick<InstanceOptions, 'version' | 'behind'>;
const NOWHERE: Behind = { version: 'POSTGRES_15', behind: { host: '127.0.0.1', port: 1 } };

const loopback = () => `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(2, 255)}`;

/** Google, and an instance at an address of its own, since connectors know one port alone. */
async function start(behind: Behind, more: Partial<InstanceOptions> = {}) {
  const address = loopback();
  const instance = await startCloudSql({ name: NAME, address, ...behind, ...more });
  const server = await startFakeGoogle({
    more: (tokens) => {
      const secrets = createSecrets(tokens);
      secrets.versions.set(SECRET, { data: Buffer.from('hunter2') });
      return [instance.api(tokens), secrets];
    },
  });
  Object.assign(process.env, server.env);
  const clock = createFakeClock();
  const config = loadConfig({ ...server.env });
  const [ids, log] = [systemIds, createKeptLog()];
  const google = openGoogle(config, { clock: systemClock, ids, log });
  const hasty = openGoogle(config, { clock, ids, log });
  return {
    ...{ instance, server, clock, config, address },
    open: sessionsWith({ config, ids, google: async () => google }),
    /** On a clock that a test moves. */
    dial: (ref: Partial<CloudSqlRef> = {}, signal = new AbortController().signal) =>
      dialCloudSql({ ...REF, ...ref }, 'target shop', {
        ...{ clock, signal, sqlAdmin: hasty.as({ type: 'own' }).sqlAdmin },
      }),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await instance[Symbol.asyncDispose]();
    },
  };
}

const REF: CloudSqlRef = {
  ...{ from: 'cloud-sql', instance: NAME, user: 'postgres', database: 'shop', ip: 'private' },
  password: { from: 'secret', name: SECRET },
};

const targetOf = (kind: 'postgres' | 'mysql', address: CloudSqlRef): Target => ({
  ...{ name: 'shop', kind, address, folder: '/none', table: 'schema_migrations', labels: {} },
  ...{ lockTimeoutMs: 1_000, statementTimeoutMs: 0 },
});
const opening = () => ({ signal: AbortSignal.timeout(60_000), application: 'test', clock: systemClock });

const messageOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(isAppError(error), String(error));
  assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /hunter2|ya29|127\.\d/);
  return `${error.code}: ${error.message}`;
};

const postgres = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');
const mysql = mysqlOf(process.env);
const DATABASES = [
  {
    kind: 'postgres' as const,
    skip: postgres.skip,
    start: async () => {
      const database = await startPostgres(postgres.address);
      const { hostname, port, username, pathname } = new URL(database.address);
      const behind: Behind = { version: 'POSTGRES_15', behind: { host: hostname, port: Number(port || 5432) } };
      return { ...database, behind, user: username, name: pathname.slice(1) };
    },
    long: 'select pg_sleep(60);',
    runs: (name: string) => `select 1 from pg_stat_activity where datname = '${name}' and wait_event = 'PgSleep'`,
  },
  {
    kind: 'mysql' as const,
    skip: mysql.skip,
    start: async () => {
      const database = await mysql.start();
      const { hostname, port, username } = new URL(process.env['MYSQL_TEST_URL'] ?? '');
      const behind: Behind = { version: 'MYSQL_8_0', behind: { host: hostname, port: Number(port || 3306) } };
      return { ...database, behind, user: username };
    },
    long: 'DO SLEEP(60);',
    runs: (name: string) =>
      `SELECT 1 FROM information_schema.PROCESSLIST WHERE DB = '${name}' AND INFO LIKE 'DO SLEEP%'`,
  },
];

for (const { kind, skip, start: startDatabase, long, runs } of DATABASES)
  describe(`a ${kind} target in Cloud SQL`, { skip, timeout: 60_000 }, () => {
    it('is migrated up and down through the connector, signed in by IAM', async () => {
      const database = await startDatabase();
      await using rig = await start(database.behind);
      const { user, name } = database;
      const target = targetOf(kind, { ...REF, user, database: name, password: 'iam' });
      {
        await using session = await rig.open(target, opening());
        await session.prepare();
        assert.equal(await session.tryLock(), true);
        const { up, down } = migration(1n, FRUIT);
        await session.apply(up, given());
        assert.deepEqual(await session.state(), { version: 1n, dirty: false });
        await session.apply(down, given());
        assert.deepEqual(await session.state(), { version: undefined, dirty: false });
      }
      assert.deepEqual(rig.instance.given, [{ account: rig.server.account, iam: true }]);
      assert.equal(rig.instance.connections, 1);
      assert.deepEqual(rig.server.forbidden(), []);
      await database.close();
    });

    it('whose wire is cut within a step is left as it is: the session never connects again', async () => {
      const database = await startDatabase();
      await using rig = await start(database.behind);
      const { user, name } = database;
      await using session = await rig.open(
        targetOf(kind, { ...REF, user, database: name, password: 'iam' }),
        opening(),
      );
      await session.prepare();
      assert.equal(await session.tryLock(), true);
      const { connections } = rig.instance;
      const step = migration(1n, { up: `CREATE TABLE a (id int);${long}` }).up;
      const applied = session.apply(step, given());
      applied.catch(() => {});
      await until(async () => (await database.query(runs(name))).length > 0, 'the statement runs');
      rig.instance.cut();
      assert.match(await messageOf(applied), /^(?:unavailable|outcome_unknown): /);
      await failsWith(session.state(), 'unavailable');
      assert.equal(rig.instance.connections, connections);
      await database.close();
    });
  });

describe('the way to an instance of Cloud SQL', { timeout: 60_000 }, () => {
  it('leaves no timer and no connection behind, whoever ends it', async () => {
    await using rig = await start(NOWHERE);
    const wire = await rig.dial();
    wire.destroy();
    assert.equal(rig.clock.sleepers, 0);
    assert.deepEqual(rig.instance.given, [{ account: rig.server.account, iam: false }]);
  });

  it('is refused where the server has another certificate', async () => {
    await using rig = await start(NOWHERE);
    for (const who of ['other authority', 'other instance'] as const) {
      rig.instance.impersonate(who);
      assert.match(
        await messageOf(rig.dial()),
        /^unavailable: target shop: Cloud SQL instance demo-hawker:asia-southeast1:shop: its private address is answered by a server with another certificate \([A-Z_]+\)$/,
        who,
      );
    }
    assert.equal(rig.instance.connections, 0);
  });

  it('says which role is missing, which address, and that there is no such instance', async () => {
    await using closed = await start(NOWHERE, { clients: [] });
    assert.match(
      await messageOf(closed.dial()),
      /^not_configured: .*hawker@\S+ may not use the instance \S+: grant it the role roles\/cloudsql.client/,
    );
    await using rig = await start(NOWHERE);
    assert.match(await messageOf(rig.dial({ ip: 'public' })), /^not_configured: .* has no public address/);
    assert.match(await messageOf(rig.dial({ ip: 'psc' })), /^not_configured: .* has no psc address/);
    const elsewhere = NAME.replace('asia-southeast1', 'europe-west1');
    assert.match(await messageOf(rig.dial({ instance: elsewhere })), /^not_configured: .* in another region/);
    assert.match(await messageOf(rig.dial({ instance: `${NAME}s` })), /^not_configured: .*no such instance/);
    rig.server.fail({ kind: 'status', status: 403, path: /connectSettings$/, body: DISABLED });
    assert.match(await messageOf(rig.dial()), /Cloud SQL Admin API is not enabled in the Google Cloud project/);
  });

  it('ends in time where the API or the server does not answer', async () => {
    await using rig = await start(NOWHERE);
    rig.server.fail({ kind: 'hang', path: /generateEphemeralCert$/ });
    const stalled = rig.dial();
    stalled.catch(() => {});
    await rig.server.arrived(/generateEphemeralCert$/);
    await rig.clock.advance(30_000);
    assert.match(await messageOf(stalled), /^unavailable: target shop: .*/);
    rig.server.heal();
    rig.instance.addresses = [{ type: 'PRIVATE', ipAddress: '127.0.0.1' }];
    assert.match(
      await messageOf(rig.dial()),
      /^unavailable: .*port 3307 of its private address does not answer \(ECONNREFUSED\).*VPC egress/,
    );
  });

  it('ends in time where a server takes the connection and says nothing, and at once where nobody wants it any more', async () => {
    await using rig = await start(NOWHERE);
    const silent = createServer((socket) => socket.on('error', () => {}).resume());
    const ipAddress = loopback();
    await once(silent.listen(3307, ipAddress), 'listening');
    rig.instance.addresses = [{ type: 'PRIVATE', ipAddress }];
    const stalled = rig.dial();
    stalled.catch(() => {});
    const [socket] = (await once(silent, 'connection')) as [Socket];
    const gone = once(socket, 'close');
    await until(async () => rig.clock.sleepers > 0, 'it waits');
    await rig.clock.advance(10_000);
    assert.match(await messageOf(stalled), /^unavailable: .* does not answer \(ETIMEDOUT\)/);
    await gone;

    const enough = new AbortController();
    const unwanted = rig.dial({}, enough.signal);
    unwanted.catch(() => {});
    const [another] = (await once(silent, 'connection')) as [Socket];
    const ended = once(another, 'close');
    enough.abort(new Error('enough'));
    await assert.rejects(unwanted, /^Error: enough$/);
    await ended;
    assert.equal(rig.clock.sleepers, 0);
    silent.close();
    await once(silent, 'close');
  });

  it('takes of an account what the server takes for a name', () => {
    const user = 'mover@shop.iam.gserviceaccount.com';
    assert.equal(loginOf({ user, password: 'iam' }, 'postgres'), 'mover@shop.iam');
    assert.equal(loginOf({ user, password: 'iam' }, 'mysql'), 'mover');
    assert.equal(loginOf({ user, password: { from: 'variable', name: 'P' } }, 'postgres'), user);
  });
});

const DISABLED = {
  error: {
    ...{ code: 403, message: 'Cloud SQL Admin API has not been used', status: 'PERMISSION_DENIED' },
    details: [{ reason: 'SERVICE_DISABLED' }],
  },
};

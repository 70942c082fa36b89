/** Others' locks in the way, on POSTGRES_TEST_URL, MYSQL_TEST_URL and SQLite: of a table, and golang-migrate's own. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { type Clock, systemClock } from '#shared/clock.ts';
import { until } from '#shared/migrations/contract-rig.ts';
import type { Session } from '#shared/migrations/session.ts';
import { exitCodeOfRun } from '../../../scripts/migrate/exit-codes.ts';
import { DIALECTS, type Kind, type Peer, type Place } from './rig.ts';

const FILES = {
  '1_tables.up.sql': 'CREATE TABLE hits (what varchar(9) NOT NULL);\n',
  '2_column.up.sql': 'ALTER TABLE hits ADD COLUMN more int;\n',
};
/** What keeps a change of the table waiting. On the two servers it only reads. */
const HOLD: Record<Kind, string[]> = {
  postgres: ['BEGIN', 'SELECT * FROM hits'],
  mysql: ['START TRANSACTION', 'SELECT * FROM hits'],
  sqlite: ['BEGIN IMMEDIATE'],
};
const WAITS: Record<Kind, string> = {
  postgres: "SELECT 1 FROM pg_locks WHERE relation = to_regclass('hits') AND NOT granted",
  mysql:
    "SELECT 1 FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND STATE LIKE 'Waiting for table metadata lock'",
  sqlite: '',
};
/** Far more than the lock timeout: a reader that is queued behind a change that waits as long as the holder wants fails by it. */
const PATIENT: Record<Kind, string> = {
  postgres: "SET statement_timeout = '15s'",
  mysql: 'SET SESSION lock_wait_timeout = 15',
  sqlite: '',
};

const asks = async ({ query }: Pick<Peer, 'query'>, statements: readonly string[]) => {
  for (const sql of statements) await query(sql);
};

/** What the runner waits between attempts is kept and made short. */
function hasty(): { clock: Clock; slept: number[] } {
  const slept: number[] = [];
  const sleep: Clock['sleep'] = (ms, signal) => {
    slept.push(ms);
    return systemClock.sleep(Math.min(ms, 20), signal);
  };
  return { clock: { ...systemClock, sleep }, slept };
}

describe("somebody's lock on a table", { concurrency: true }, () => {
  for (const { name, kind, skip, place: start } of DIALECTS)
    for (const freed of [false, true])
      it(`${freed ? 'delays a step' : 'fails a step that is named'} on ${name}`, {
        skip,
        timeout: 60_000,
      }, async () => {
        await using place = await start();
        const holder = await place.peer();
        const reader = await place.peer();
        try {
          const { clock, slept } = hasty();
          let attempts = 0;
          const around = (session: Session): Session => ({
            ...session,
            apply: async (step, given) => {
              if (step.to === 2n && ++attempts === 1) await asks(holder, HOLD[kind]);
              if (attempts === 3 && freed) await holder.query('ROLLBACK');
              return session.apply(step, given);
            },
          });
          await using opened = await place.open({ target: place.target(FILES, { lockTimeoutMs: 200 }), around, clock });
          const running = opened.run({ command: 'up' });
          if (!freed && kind !== 'sqlite') {
            await until(async () => (await place.query(WAITS[kind])).length > 0, 'the change waits');
            await asks(reader, [PATIENT[kind], 'SELECT count(*) FROM hits']);
          }
          const { state, to, error } = await running;
          if (freed) return assert.deepEqual([state, to?.version, attempts], ['done', '2', 3], error?.detail);
          assert.deepEqual([state, attempts, to], ['failed', 5, { version: '1', dirty: false }]);
          assert.deepEqual([error?.version, error?.file], ['2', '2_column.up.sql']);
          assert.match(error?.detail ?? '', /lock/i);
          // Half a second at first, doubling, each time a random part of it.
          const waits = slept.filter((ms) => !Number.isInteger(ms));
          assert.ok(waits.length >= 4 && waits.every((ms) => ms < 5_000) && new Set(waits).size > 1, `${slept}`);
        } finally {
          await holder.close();
          await reader.close();
        }
      });
});

/** database/util.go, GenerateAdvisoryLockId. */
const goLockId = (text: string) => (BigInt(crc32(text)) * 1486364155n) % 2n ** 32n;

const FOREIGN: { form: string; kind: Kind; lock: (place: Place) => Promise<string[]>; told: RegExp; endBy: RegExp }[] =
  [
    ...['/', ''].map((slash) => ({
      form: slash ? 'command line' : 'library',
      kind: 'postgres' as const,
      lock: async ({ query }: Place) => {
        const [[schema, database] = []] = await query('SELECT current_schema()::text, current_database()::text');
        const id = goLockId([schema, 'schema_migrations', `${slash}${database}`].join('\0'));
        return ["SET application_name = 'migrate'", `SELECT pg_advisory_lock(${id})`];
      },
      told: /held by session \d+ \(migrate, user postgres, .*since \d{4}-.*Z, idle\); running: SELECT pg_advisory_lock\(\d+\); to end it: select pg_terminate_backend\(\d+\)/,
      endBy: /select pg_terminate_backend\(\d+\)/,
    })),
    {
      form: 'command line',
      kind: 'mysql',
      lock: async ({ query }) => [
        `SELECT GET_LOCK('${goLockId(`${(await query('SELECT DATABASE()')).flat()[0]}:schema_migrations`)}', 0)`,
      ],
      told: /held by session \d+ \(user root, since \d{4}-.*Z, Sleep\); to end it: KILL \d+/,
      endBy: /KILL \d+/,
    },
  ];

describe("golang-migrate's lock", { concurrency: true }, () => {
  for (const { form, kind, lock, told, endBy } of FOREIGN) {
    const { name, skip, place: start } = DIALECTS.find((one) => one.kind === kind) ?? assert.fail();
    it(`of its ${form} on ${name} is waited for in vain, and it is told how to end it`, {
      skip,
      timeout: 60_000,
    }, async () => {
      await using place = await start();
      const holder = await place.peer();
      try {
        await asks(holder, await lock(place));
        await using opened = await place.open({ target: place.target(FILES) });
        const record = await opened.run({ command: 'up' }, { lockTimeoutMs: 300 });
        assert.deepEqual(
          [record.state, record.error?.code, exitCodeOfRun(record, undefined)],
          ['failed', 'lease_held', 5],
        );
        assert.match(record.error?.detail ?? '', /^shop was not free within 300 ms: its lock is held by/);
        assert.match(record.error?.detail ?? '', told);
        await place.query(endBy.exec(record.error?.detail ?? '')?.[0] ?? '');
        const after = await opened.run({ command: 'up' }, { lockTimeoutMs: 30_000 });
        assert.deepEqual([after.state, after.to?.version], ['done', '2'], after.error?.detail);
      } finally {
        await holder.close();
      }
    });
  }
});

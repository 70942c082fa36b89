/** The statement of a page has been run and its checkpoint has not. Runs where POSTGRES_TEST_URL and MYSQL_TEST_URL are set. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failsWith, given, until } from '../contract-rig.ts';
import { mysqlOf } from '../mysql/rig.ts';
import { serverOf, startPostgres } from '../postgres/rig.ts';
import type { PagesDone } from '../session.ts';
import { ADD_ONE, stepOf } from './rig.ts';

const postgres = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');
const mysql = mysqlOf(process.env);

const SERVERS = [
  {
    ...{ name: 'PostgreSQL', skip: postgres.skip, start: () => startPostgres(postgres.address) },
    hold: 'lock table hawker_migration_backfill in share mode',
    waits: `select 1 from pg_locks where not granted and relation = 'hawker_migration_backfill'::regclass`,
  },
  {
    ...{ name: 'MySQL', skip: mysql.skip, start: mysql.start },
    hold: 'SELECT * FROM hawker_migration_backfill FOR UPDATE',
    waits: `SELECT 1 FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID() AND INFO LIKE 'UPDATE%hawker_migration_backfill%'`,
  },
] as const;

for (const { name, skip, start, hold, waits } of SERVERS)
  describe(`a page in ${name} whose checkpoint is not written`, { skip, timeout: 60_000 }, () => {
    for (const how of ['the connection is lost', 'the lock is free in the end'])
      it(`has no effect of its own: ${how}`, async () => {
        const database = await start();
        try {
          await database.query('CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, n bigint NOT NULL)');
          await database.query(
            `INSERT INTO t VALUES ${Array.from({ length: 50 }, (_, k) => `(${k + 1}, 0)`).join(', ')}`,
          );
          const counts = async () =>
            (await database.query('SELECT n, count(*) FROM t GROUP BY n ORDER BY n')).map((row) => row.map(Number));
          const step = stepOf(ADD_ONE, { batch: 10 });
          await using session = await database.open();
          await session.prepare();
          assert.equal(await session.tryLock(), true);
          const onPage = async ({ pages }: PagesDone) => {
            if (pages !== 2) return undefined;
            await database.query('BEGIN');
            await database.query(hold);
            return undefined;
          };
          const work = session.apply(step, given({ onPage }));
          work.catch(() => {});
          await until(async () => (await database.query(waits)).length > 0, 'its checkpoint waits');
          if (how === 'the lock is free in the end') {
            await database.query('ROLLBACK');
            await work;
            return assert.deepEqual(await counts(), [[1, 50]]);
          }
          await database.sever?.(session);
          await failsWith(work, 'unavailable', 'outcome_unknown');
          await database.query('ROLLBACK');
          await until(async () => (await counts()).length === 2, 'the server has taken the page back');
          assert.deepEqual(await counts(), [
            [0, 30],
            [1, 20],
          ]);
          await using other = await database.open();
          assert.deepEqual(await other.look(step), { pagesDone: 2 });
          await until(() => other.tryLock(), 'the lock is free');
          await other.apply(step, given());
          assert.deepEqual(await counts(), [[1, 50]]);
        } finally {
          await database.close();
        }
      });
  });

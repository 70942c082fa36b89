/** Connections that an administrator ends, on POSTGRES_TEST_URL and MYSQL_TEST_URL: nobody connects again and goes on without the lock, and the next run finds out what took effect. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '#shared/migrations/contract-rig.ts';
import type { Session } from '#shared/migrations/session.ts';
import { DIALECTS, type Kind, type Place } from './rig.ts';

const hit = (what: string) => `INSERT INTO hits (what) VALUES ('${what}');\n`;
const SLOW: Record<Kind, string> = { postgres: 'SELECT pg_sleep(60);\n', mysql: 'SELECT SLEEP(60);\n', sqlite: '' };
const SLEEPS: Record<Kind, string> = {
  postgres: "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'",
  mysql: "SELECT 1 FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND INFO LIKE 'SELECT SLEEP%'",
  sqlite: '',
};
const filesWith = (slow: string) => ({
  '1_tables.up.sql': 'CREATE TABLE hits (what varchar(9) NOT NULL);\n',
  '2_slow.up.sql': `CREATE TABLE two (x int);\n${slow}${hit('2')}`,
  '3_last.up.sql': hit('3'),
});

/** Whoever holds the lock: the connection that the steps are taken on. */
async function end({ kind, query, lockHolders }: Place): Promise<void> {
  const [holder] = await lockHolders();
  await query(kind === 'postgres' ? `SELECT pg_terminate_backend(${holder}, 5000)` : `KILL ${holder}`);
}

describe('a connection that is ended', { concurrency: true }, () => {
  for (const { name, kind, skip, place: start } of DIALECTS.filter((one) => one.kind !== 'sqlite'))
    for (const when of ['in a step', 'between two steps'] as const)
      it(`ends the run ${when} on ${name}, and the next one goes on from the truth`, {
        skip,
        timeout: 60_000,
      }, async () => {
        await using place = await start();
        let opened = 0;
        const around = (session: Session): Session => ({
          ...session,
          apply: async (step, given) => {
            const applied = await session.apply(step, given);
            if (when === 'between two steps' && step.to === 1n) await end(place);
            return applied;
          },
        });
        const files = filesWith(when === 'in a step' ? SLOW[kind] : '');
        await using first = await place.open({
          target: place.target(files),
          around: (session) => {
            opened++;
            return around(session);
          },
        });
        const running = first.run({ command: 'up' });
        if (when === 'in a step') {
          await until(async () => (await place.query(SLEEPS[kind])).length > 0, 'it sleeps');
          await end(place);
        }
        const cut = await running;
        assert.equal(cut.state, 'failed');
        assert.ok(['unavailable', 'outcome_unknown'].includes(cut.error?.code ?? ''), JSON.stringify(cut.error));
        assert.deepEqual([opened, cut.done, cut.error?.version, cut.error?.file], [1, 1, '2', '2_slow.up.sql']);
        const [version, dirty] = (await place.query('SELECT version, dirty FROM schema_migrations')).flat().map(Number);
        // MySQL cannot take the table back, so the row says that it is in the middle of it.
        const half = kind === 'mysql' && when === 'in a step';
        assert.deepEqual([version, dirty], half ? [2, 1] : [1, 0]);
        assert.deepEqual(await place.query('SELECT what FROM hits'), []);
        await using second = await place.open({ target: place.target(filesWith('')) });
        const whole = await second.run({ command: 'up' });
        assert.deepEqual(
          [whole.state, whole.done, whole.to],
          ['done', 2, { version: '3', dirty: false }],
          whole.error?.detail,
        );
        assert.deepEqual((await place.query('SELECT what FROM hits ORDER BY what')).flat(), ['2', '3']);
        assert.deepEqual(await place.query('SELECT * FROM two'), []);
      });
});

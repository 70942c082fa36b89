/** Connections that are ended at any moment of many short steps, each of which is sent while the one before is under way: each effect once, in order, on POSTGRES_TEST_URL. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Session } from '#shared/migrations/session.ts';
import { DIALECTS } from './rig.ts';

const STEPS = 120;
const CUTS = 15;
const postgres = DIALECTS.find(({ kind }) => kind === 'postgres') ?? assert.fail();
const file = (n: number) => ({ [`${n}_hit.up.sql`]: `INSERT INTO hits (what) VALUES ('${n}');\n` });
const FILES = Object.assign(
  { '1_tables.up.sql': 'CREATE TABLE hits (id serial, what varchar(9) NOT NULL);\n' },
  ...Array.from({ length: STEPS - 1 }, (_, k) => file(k + 2)),
);

describe('a connection that is ended at any moment', () => {
  it('leaves each of many short steps done once or not at all, and the record tells which', {
    skip: postgres.skip,
    timeout: 110_000,
  }, async () => {
    await using place = await postgres.place();
    const target = place.target(FILES);
    let cuts = 0;
    const cutting = new Set<Promise<unknown>>();
    const around = (session: Session): Session => {
      // Somewhere in the next few steps, or between two of them.
      let left = 2 + Math.floor(Math.random() * (STEPS / CUTS));
      const cut = async () => {
        const [holder] = await place.lockHolders();
        await pause(Math.random() * 6);
        if (holder !== undefined) await place.query(`SELECT pg_terminate_backend(${holder}, 5000)`);
      };
      return {
        ...session,
        apply: (step, given) => {
          if (--left === 0 && cuts < CUTS) {
            cuts++;
            cutting.add(cut());
          }
          return session.apply(step, given);
        },
      };
    };
    let failed = 0;
    for (;;) {
      await using opened = await place.open({ target, around });
      const { state, error } = await opened.run({ command: 'up' });
      await Promise.all(cutting);
      cutting.clear();
      const [[version, told, last, count] = []] = await place.query(
        `SELECT version, (SELECT count(*) FROM hawker_migration_history), (SELECT max(what::int) FROM hits), (SELECT count(*) FROM hits)
          FROM schema_migrations WHERE NOT dirty`,
      );
      assert.deepEqual([version, told, last ?? 1, count].map(Number), [
        ...[Number(version), Number(version), Number(version), Number(version) - 1],
      ]);
      if (state === 'done') {
        assert.equal(Number(version), STEPS);
        break;
      }
      failed++;
      assert.ok(['unavailable', 'outcome_unknown'].includes(error?.code ?? ''), JSON.stringify(error));
      // Whether it took effect may be unknown of the one that was under way, and of no other.
      const from = Number(error?.version ?? version) - Number(version);
      assert.ok(from === 1 || from === 0, `stopped at ${error?.version} with the database at ${version}`);
    }
    assert.ok(failed > 0);
    const hits = (await place.query('SELECT what FROM hits ORDER BY id')).flat().map(Number);
    assert.deepEqual(
      hits,
      Array.from({ length: STEPS - 1 }, (_, k) => k + 2),
    );
  });
});

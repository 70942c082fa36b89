/** A leader that is frozen until another has taken its lease over and done the work, and wakes then: on POSTGRES_TEST_URL, MYSQL_TEST_URL and SQLite. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DIALECTS, type Kind, type Place } from './rig.ts';

const hit = (what: string) => `INSERT INTO hits (what) VALUES ('${what}');\n`;
const FILES = {
  '1_tables.up.sql': 'CREATE TABLE hits (what varchar(9) NOT NULL);\n',
  '2_own.up.sql': `BEGIN;\n${hit('2a')}${hit('2b')}COMMIT;\n${hit('2c')}`,
  '3_last.up.sql': hit('3'),
};
const ALL = ['2a', '2b', '2c', '3'];

interface Held {
  when: string;
  hold: { version: string; statement?: number };
  /** MySQL's frozen transaction keeps the fence's row, and nobody takes over before the connection is gone. */
  on: readonly Kind[];
}
const HELD: Held[] = [
  { when: 'before a step in one transaction', hold: { version: '3' }, on: ['postgres', 'mysql', 'sqlite'] },
  { when: 'before a step that is marked', hold: { version: '2' }, on: ['postgres', 'mysql', 'sqlite'] },
  {
    when: 'in a transaction of the script',
    hold: { version: '2', statement: 2 },
    on: ['postgres', 'sqlite'],
  },
];

async function everything({ query }: Place) {
  return {
    hits: (await query('SELECT what FROM hits ORDER BY what')).flat(),
    state: (await query('SELECT version, dirty FROM schema_migrations')).flat().map(Number),
    history: (await query('SELECT version, direction, token FROM hawker_migration_history ORDER BY 1, 2')).map(String),
  };
}

describe('a paused leader that wakes', { concurrency: true }, () => {
  for (const { name, kind, skip, place: start } of DIALECTS)
    for (const { when, hold } of HELD.filter(({ on }) => on.includes(kind)))
      it(`writes nothing on ${name} where it was paused ${when}`, { skip, timeout: 60_000 }, async () => {
        await using place = await start();
        const target = place.target(FILES);
        const paused = place.start({ target, hold, leaseMs: 2_000 });
        await paused.held;
        paused.child.kill('SIGSTOP');
        await using other = await place.open({ target });
        const record = await other.run({ command: 'up' }, { lockTimeoutMs: 30_000 });
        assert.deepEqual([record.state, record.to?.version], ['done', '3'], record.error?.detail);
        const before = await everything(place);
        paused.child.kill('SIGCONT');
        paused.child.stdin?.write('\n');
        const { told, code } = await paused.ended;
        const end = told.at(-1);
        assert.deepEqual([code, end?.at === 'ended' && [end.state, end.code]], [0, ['failed', 'lease_lost']]);
        assert.deepEqual(await everything(place), before);
        assert.deepEqual(before.hits, ALL);
      });
});

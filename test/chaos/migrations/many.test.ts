/** Ten runners at once, in two processes, on the databases of POSTGRES_TEST_URL and MYSQL_TEST_URL and on SQLite. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EFFECTS, FOLDERS } from './folders.ts';
import { DIALECTS } from './rig.ts';

describe('ten runners at once', { concurrency: true }, () => {
  for (const { name, skip, place: start } of DIALECTS)
    for (const apart of [false, true])
      it(`apply each migration once on ${name}, ${apart ? "by the database's lock alone" : 'by one lease'}`, {
        skip,
        timeout: 110_000,
      }, async () => {
        await using place = await start();
        const target = place.target(FOLDERS[place.kind]);
        const workers = [5, 5].map((runners) => place.start({ target, runners, apart }));
        const all = await Promise.all(workers.map(({ ended }) => ended));
        assert.deepEqual(
          all.map(({ code }) => code),
          [0, 0],
        );
        const told = all.flatMap((one) => one.told);
        const ended = told.filter((one) => one.at === 'ended');
        assert.equal(ended.length, 10);
        // 0 and 3 on the command line: done, and nothing to do.
        for (const one of ended) assert.deepEqual([one.state, one.code], ['done', undefined], one.detail);
        assert.ok(ended.some(({ changed }) => changed));
        const applied = told.flatMap((one) => (one.at === 'applied' ? [Number(one.version)] : []));
        assert.deepEqual(applied, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert.deepEqual((await place.query('SELECT what FROM hits ORDER BY what')).flat(), EFFECTS);
        assert.deepEqual((await place.query('SELECT DISTINCT n FROM accounts')).flat().map(Number), [1]);
        assert.deepEqual(await place.lockHolders(), []);
      });
});

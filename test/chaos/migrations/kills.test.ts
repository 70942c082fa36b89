/** Processes that are killed at any moment, one after the other, until all is applied: each effect once, and a row that tells the truth. On POSTGRES_TEST_URL, MYSQL_TEST_URL and SQLite. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { leaseName } from '#shared/migrations/look.ts';
import { ACCOUNTS, EFFECTS, FOLDERS, TAKE_BACK } from './folders.ts';
import { DIALECTS, type Place } from './rig.ts';
import type { Told } from './worker.ts';

const KILLS = 12;
const LAST = '9';

/** mulberry32. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** What a person does who was told that nobody knows: looks, takes back what is left of that one, and says so. */
async function byHand(place: Place, target: ReturnType<Place['target']>, detail: string | undefined): Promise<void> {
  const [, version = '', direction] =
    /(\d+)_\w+ \((up)\) began, and nobody can tell/.exec(detail ?? '') ?? assert.fail(`it tells too little: ${detail}`);
  assert.match(detail ?? '', /^The database is at version \d+, marked dirty: .*Look into the database: .*`force .*`/);
  assert.equal(direction, 'up');
  assert.deepEqual((await place.query('SELECT version, dirty FROM schema_migrations')).flat().map(Number), [
    Number(version),
    1,
  ]);
  for (const sql of TAKE_BACK[version] ?? assert.fail(`nothing about ${version} can be unknown`))
    await place.query(sql);
  await using opened = await place.open({ target });
  const to = BigInt(version) - 1n || undefined;
  assert.equal((await opened.run({ command: 'force', version: to })).state, 'done');
}

/** As `unlock --yes` does once it is known that the holder is dead, so that nobody need wait for its lease to run out. */
async function breakLease(place: Place, target: ReturnType<Place['target']>): Promise<void> {
  await using opened = await place.open({ target });
  const view = await opened.leases.observe(leaseName(target.name));
  if (view?.holder !== undefined) await opened.leases.break(view.name, 'killed', 'test');
}

async function killedUntilDone(place: Place, random: (below: number) => number): Promise<Told[]> {
  const target = place.target(FOLDERS[place.kind]);
  const story: Told[] = [];
  // Each unknown one is begun twice.
  for (let killed = 0, round = 0; round < 4 * KILLS; round++) {
    let left = killed < KILLS ? 1 + random(7) : Infinity;
    // Right where it told something, or by somebody else, who comes some time after that.
    const diesAt = random(2) === 0 && left < Infinity ? { diesAt: left } : {};
    const { told, signal } = await place.start({ target, ...diesAt }, (_, child) => {
      if (--left === 0) child.kill('SIGKILL');
    }).ended;
    story.push(...told);
    const end = told.find((one) => one.at === 'ended');
    if (end?.state === 'done') return story;
    if (end) {
      assert.deepEqual([place.kind, end.code], ['mysql', 'migration_dirty'], `${end.code}: ${end.detail}`);
      await byHand(place, target, end.detail);
    } else {
      assert.equal(signal, 'SIGKILL');
      killed++;
      await breakLease(place, target);
    }
  }
  assert.fail('it never came to an end');
}

describe('runs that are killed at any moment', { concurrency: true }, () => {
  for (const { name, skip, place: start } of DIALECTS)
    it(`apply each migration once on ${name}`, { skip, timeout: 110_000 }, async (t) => {
      await using place = await start();
      const seed = randomBytes(4).readUInt32BE(0);
      t.diagnostic(`seed ${seed}`);
      let story: Told[] = [];
      try {
        story = await killedUntilDone(place, randomFrom(seed));
        const [version, dirty] = (await place.query('SELECT version, dirty FROM schema_migrations')).flat();
        assert.deepEqual([String(version), Number(dirty)], [LAST, 0]);
        const effects = await place.query('SELECT what FROM hits ORDER BY what');
        assert.deepEqual(effects.flat(), EFFECTS);
        const accounts = await place.query('SELECT n, count(*) FROM accounts GROUP BY n');
        assert.deepEqual(accounts.flat().map(Number), [1, ACCOUNTS]);
        const applied = (await place.query('SELECT version, direction FROM hawker_migration_history')).filter(
          ([, direction]) => direction === 'up',
        );
        assert.deepEqual(
          applied.map(([of]) => Number(of)).sort((a, b) => a - b),
          Array.from({ length: Number(LAST) }, (_, n) => n + 1),
        );
        assert.deepEqual(await place.lockHolders(), []);
        if (place.kind === 'postgres') {
          const indexes = `SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indexrelid::regclass::text LIKE 'by\\_%' ORDER BY 1`;
          assert.deepEqual(await place.query(indexes), [
            ['by_n', true],
            ['by_what', true],
          ]);
        }
      } catch (error) {
        throw new Error(`with the seed ${seed}, after ${JSON.stringify(story.slice(-12))}`, { cause: error });
      }
    });
});

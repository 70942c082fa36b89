import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { fleetAnswer, rolloutAnswer, rolloutPlan } from '#functions/migrations/rollout-answers.ts';
import { serverOf, startPostgres } from '#shared/migrations/postgres/rig.ts';
import { until } from '../../test/support/hawker.ts';
import { HelpWanted, UsageError } from '../command/usage.ts';
import { openPlace, type Place } from './testing.ts';
import { readTyped } from './usage.ts';

const postgres = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');
const FILES = { '1_a.up.sql': 'CREATE TABLE a (id INTEGER);', '2_b.up.sql': 'CREATE TABLE b (id INTEGER);' };
const words = (typed: string) => typed.split(' ');

/** Targets `c` (the canary), `e1`, `e2` in the east and `w`; of the broken ones the second file fails. */
function openFleet(place: Place, broken: readonly string[] = []) {
  const folder = place.folder(FILES);
  const targets = ['c', 'e1', 'e2', 'w'].map((name) => ({
    ...{ name, kind: 'sqlite', folder, address: { path: `${name}.db` } },
    ...(name === 'c' && { labels: { stage: 'canary' } }),
    region: name.startsWith('e') ? 'east' : 'west',
  }));
  for (const name of broken) {
    const database = new DatabaseSync(join(place.path, `${name}.db`));
    database.exec('CREATE TABLE b (other TEXT)');
    database.close();
  }
  const env = { HAWKER_DATABASES: place.file('targets.json', JSON.stringify({ targets })) };
  return async (typed: string) => {
    const { code, stdout, stderr } = await place.migrate(words(typed), { env });
    const [, id = ''] = /rollout ([\w-]+)/.exec(stdout) ?? [];
    const plain = stdout
      .replaceAll(/\d+ ms/g, 'T')
      .replaceAll(/run [\w-]{20,}/g, 'run ID')
      .replaceAll(id || '~', 'R');
    return { code, stderr, id, stdout, lines: plain.trimEnd().split('\n') };
  };
}

describe('what is typed for a rollout', () => {
  it('is understood', () => {
    const typed = 'rollout up 2 --wave stage=canary,region=x --wave kind=mysql,target=a,target=b,approve --wave rest';
    const common = { json: false, yes: false };
    assert.deepEqual(readTyped(words(`${typed} --parallel 3 --error-budget 1 --max-cost 2.5 --lock-timeout 1s`)), {
      ...{ ...common, does: 'rollout', dryRun: false },
      asked: {
        command: { command: 'up', steps: 2 },
        waves: [
          { region: 'x', labels: { stage: 'canary' } },
          { kind: 'mysql', approve: true, targets: ['a', 'b'] },
          {},
        ],
        ...{ parallel: 3, errorBudget: 1, lockTimeoutMs: 1_000, maxCostUsd: 2.5 },
      },
    });
    assert.deepEqual(readTyped(words('rollout goto 7 --dry-run --json')), {
      ...{ json: true, yes: false, does: 'rollout', dryRun: true },
      asked: { command: { command: 'goto', version: 7n }, waves: [{}], parallel: 1, errorBudget: 0 },
    });
    assert.deepEqual(readTyped(words('rollout approve r1')), {
      ...{ ...common, does: 'rollout of', verb: 'approve', rollout: 'r1' },
    });
    assert.throws(() => readTyped(['rollout', '-h']), HelpWanted);
  });

  const WRONG: [typed: string, says: RegExp][] = [
    ['rollout', /followed by up, goto, show/],
    ['rollout down 1', /not down/],
    ['rollout goto', /goto needs a version/],
    ['rollout up 1 2', /"2"/],
    ['rollout up --wave canary', /stage=canary, or rest, not "canary"/],
    ['rollout up --wave kind=oracle', /kind is one of/],
    ['rollout up --parallel 21', /--parallel takes/],
    ['rollout up --error-budget x', /--error-budget takes/],
    ['rollout up --max-cost much', /--max-cost takes/],
    ['rollout show', /needs the id/],
    ['rollout show r1 --parallel 2', /--parallel is not for rollout show/],
    ['fleet all', /"all"/],
    ['fleet --dry-run', /--dry-run is not for fleet/],
  ];
  for (const [typed, says] of WRONG)
    it(`is refused in one line as ${typed}`, () => {
      assert.throws(
        () => readTyped(words(typed)),
        (error) => error instanceof UsageError && says.test(error.message) && !error.message.includes('\n'),
      );
    });
});

describe('npm run migrate -- rollout', { timeout: 120_000 }, () => {
  it('takes all databases there, wave after wave, and says when there is no change', async () => {
    using place = openPlace();
    const call = openFleet(place);
    const dry = await call('rollout up --wave stage=canary --wave region=east --dry-run');
    assert.deepEqual(dry.lines, ['wave 1 (stage=canary): c', 'wave 2 (region=east): e1, e2', 'in no wave: w']);
    const planned = JSON.parse((await call('rollout up --dry-run --json')).stdout);
    assert.deepEqual(rolloutPlan.parse(planned), planned);
    const { code, lines, stderr, id } = await call('rollout up 1 --wave stage=canary --wave rest');
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual(lines.slice(0, 5), [
      'rollout R',
      'wave 1 of 2: c',
      'c: up 1 a (T)',
      'c: done; at version 1',
      'wave 2 of 2: e1, e2, w',
    ]);
    assert.equal(lines.at(-1), 'rollout R: done: 4 done');
    assert.equal((await call('rollout goto 2 --parallel 4')).code, 0);
    const again = await call('rollout up --json');
    assert.equal(again.code, 3, again.stderr);
    const told = JSON.parse(again.stdout);
    assert.deepEqual(rolloutAnswer.parse(told), told);
    assert.equal((await call(`rollout show ${id}`)).lines[2], 'c: done, version 1');
    assert.deepEqual((await call('fleet')).lines, ['sqlite, version 2: c, e1, e2, w; their schemas are equal']);
    const wrong = await call('rollout up --wave region=north');
    assert.deepEqual([wrong.code, wrong.stderr], [2, 'migrate: wave 1 matches no target\n']);
  });

  it('stops at the first failure, and goes on with a budget', async () => {
    using place = openPlace();
    const call = openFleet(place, ['e1']);
    const stopped = await call('rollout up --wave region=east --wave rest');
    assert.equal(stopped.code, 1);
    assert.match(stopped.stderr, /^migrate: e1: 2_b\.up\.sql[^\n]*already exists[^\n]*\n$/);
    assert.equal(stopped.lines.at(-1), 'rollout R: failed: 0 done, 1 failed (e1), 3 not begun');
    assert.match((await call(`rollout show ${stopped.id}`)).stdout, /\ne1: failed, version 1: [^\n]*already exists/);
    const through = await call('rollout up --wave region=east --wave rest --error-budget 1');
    assert.deepEqual([through.code, through.lines.at(-1)], [0, 'rollout R: done: 3 done, 1 failed (e1)']);
  });

  it('waits for an approval and goes on with it', async () => {
    using place = openPlace();
    const call = openFleet(place);
    const waiting = await call('rollout up --wave stage=canary --wave rest,approve');
    assert.equal(waiting.code, 9, waiting.stderr);
    assert.match(waiting.lines.at(-1) ?? '', /waiting: 1 done, 3 not begun; wave 2 wants rollout approve R$/);
    const { code, lines } = await call(`rollout approve ${waiting.id}`);
    assert.deepEqual([code, lines.at(-1)], [0, 'rollout R: done: 4 done']);
    assert.equal((await call(`rollout cancel ${waiting.id}`)).code, 0);
  });

  for (const [verb, ends] of [
    ['resume', 'waiting'],
    ['cancel', 'failed'],
  ] as const)
    it(`is moved on by ${verb} of its run that was paused`, async () => {
      using place = openPlace();
      const call = openFleet(place);
      const env = { HAWKER_DATABASES: join(place.path, 'targets.json') };
      const holds = new DatabaseSync(join(place.path, 'c.db.migrate-lock'));
      holds.exec('BEGIN IMMEDIATE');
      const typed = 'rollout up --wave target=c --wave rest,approve --lock-timeout 10m';
      const running = place.start(words(typed), { env });
      let shown = '';
      running.child.stdout?.on('data', (chunk: Buffer) => {
        shown += chunk.toString();
      });
      await running.shows(/c: waits for/);
      const [, id = ''] = /rollout ([\w-]+)/.exec(shown) ?? [];
      const told = async () => JSON.parse((await call(`rollout show ${id} --json`)).stdout);
      const { run } = (await told()).waves[0].targets[0];
      assert.equal((await call(`pause ${run}`)).code, 0);
      assert.equal((await running.ended).code, 9);
      holds.close();
      assert.equal((await told()).waves[0].targets[0].state, 'paused');
      assert.equal((await call(`${verb} ${run}`)).code, 0);
      assert.equal((await told()).state, ends);
    });

  it('cancels on SIGINT after the files under way, and what was killed goes on by approve', {
    skip: postgres.skip,
  }, async () => {
    using place = openPlace();
    const databases = [await startPostgres(postgres.address), await startPostgres(postgres.address)];
    try {
      const folder = place.folder({ '1_a.up.sql': 'select pg_advisory_xact_lock(77)', '2_b.up.sql': 'select 1' });
      const targets = databases.map((_, n) => ({
        ...{ name: `p${n}`, kind: 'postgres', folder, address: { variable: `DB${n}` }, lockTimeoutMs: 60_000 },
      }));
      const env = {
        HAWKER_DATABASES: place.file('t.json', JSON.stringify({ targets })),
        ...Object.fromEntries(databases.map(({ address }, n) => [`DB${n}`, address])),
      };
      const [first] = databases;
      if (!first) throw new Error('there are two');
      const running = place.start(['rollout', 'up'], { env });
      const waits =
        "select 1 from pg_locks where locktype = 'advisory' and objid = 77 and not granted and database = (select oid from pg_database where datname = current_database())";
      await first.query('select pg_advisory_lock(77)');
      await until(
        () => first.query(waits),
        (rows) => rows.length > 0,
      );
      running.child.kill('SIGINT');
      await running.shows(/SIGINT: stopping after the files under way/);
      await first.query('select pg_advisory_unlock(77)');
      const { code, stdout } = await running.ended;
      assert.equal(code, 130);
      assert.match(
        stdout,
        /p0: stopped after 1 of 2; at version 1\nrollout [\w-]+: cancelled: 0 done, 1 cancelled \(p0\), 1 not begun\n$/,
      );

      await first.query('create table hold as select 1');
      await first.query('select pg_advisory_lock(77)');
      await first.query('update schema_migrations set version = 1');
      await first.query('truncate schema_migrations');
      await first.query('delete from hawker_migration_history');
      const killed = place.start(['rollout', 'up'], { env });
      await until(
        () => first.query(waits),
        (rows) => rows.length > 0,
      );
      killed.child.kill('SIGKILL');
      const [, id = ''] = /rollout ([\w-]+)/.exec((await killed.ended).stdout) ?? [];
      await first.query('select pg_advisory_unlock(77)');
      const resumed = await place.migrate(['rollout', 'approve', id], { env });
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.match(resumed.stdout, /done: 2 done\n$/);
    } finally {
      for (const database of databases) await database.close();
    }
  });
});

describe('npm run migrate -- fleet', { timeout: 120_000 }, () => {
  it('names the database whose schema is another at the same version', { skip: postgres.skip }, async () => {
    using place = openPlace();
    const databases = [];
    try {
      for (let n = 0; n < 3; n++) databases.push(await startPostgres(postgres.address));
      const folder = place.folder(FILES);
      const targets = databases.map((_, n) => ({
        ...{ name: `p${n}`, kind: 'postgres', folder, address: { variable: `DB${n}` } },
      }));
      const env = {
        HAWKER_DATABASES: place.file('t.json', JSON.stringify({ targets })),
        ...Object.fromEntries(databases.map(({ address }, n) => [`DB${n}`, address])),
      };
      assert.equal((await place.migrate(['rollout', 'up', '--parallel', '3'], { env })).code, 0);
      const alike = await place.migrate(['fleet'], { env });
      assert.deepEqual([alike.code, alike.stdout], [0, 'postgres, version 2: p0, p1, p2; their schemas are equal\n']);
      await databases[1]?.query('create index extra on a (id)');
      const { code, stdout } = await place.migrate(['fleet', '--json'], { env });
      assert.equal(code, 7);
      const told = JSON.parse(stdout);
      assert.deepEqual(fleetAnswer.parse(told), told);
      const [at] = told.versions;
      assert.deepEqual([at.equal, at.differ, told.unequal, told.ok], [false, ['p1'], ['p1'], false]);
      assert.deepEqual(
        at.fingerprintGroups.map((group: { targets: string[] }) => group.targets),
        [['p0', 'p2'], ['p1']],
      );
      await databases[2]?.query('update schema_migrations set dirty = true');
      assert.match((await place.migrate(['fleet'], { env })).stdout, /\np2: version 2, dirty\n$/);
    } finally {
      for (const database of databases) await database.close();
    }
  });
});

/** Runs where MYSQL_TEST_URL is set. A server that takes what it is sent and says nothing more. */
import assert from 'node:assert/strict';
import { connect as dial, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../clock.ts';
import { failsWith, given, migration, until } from '../contract-rig.ts';
import { openMysql } from '../mysql.ts';
import type { Target } from '../target.ts';
import { mysqlOf } from './rig.ts';

const { start, skip } = mysqlOf(process.env);

/** Waits are over at once when `hurry` is called; until then they take what they take. */
async function opened(t: TestContext) {
  const database = await start();
  t.after(() => database.close());
  const url = new URL(database.address);
  let silent = false;
  const wires: Socket[] = [];
  const route = {
    ...{ user: decodeURIComponent(url.username), password: decodeURIComponent(url.password), database: database.name },
    dial: async () => {
      if (silent) throw new Error('no answer');
      const wire = dial(Number(url.port || 3306), url.hostname);
      await new Promise((resolve) => wire.once('connect', resolve));
      wires.push(wire);
      return wire;
    },
  };
  t.after(() => {
    for (const wire of wires) wire.destroy();
  });
  const hurry = Promise.withResolvers<void>();
  const clock = {
    ...systemClock,
    sleep: (ms: number, signal?: AbortSignal) => Promise.race([systemClock.sleep(ms, signal), hurry.promise]),
  };
  const target: Target = {
    ...{ name: 'test', kind: 'mysql', address: { from: 'variable', name: 'X' }, folder: '/none', labels: {} },
    ...{ table: 'schema_migrations', lockTimeoutMs: 1_000, statementTimeoutMs: 0 },
  };
  const session = await openMysql(target, route, { signal: t.signal, application: 'test', clock });
  await session.prepare();
  assert.equal(await session.tryLock(), true);
  const hush = () => {
    silent = true;
    for (const wire of wires) wire.pause();
  };
  return { database, session, hush, hurry: () => hurry.resolve() };
}

describe('MySQL server that falls silent', { skip, timeout: 40_000 }, () => {
  it('is given up while a statement runs, some time after that was to stop', async (t) => {
    const { database, session, hush, hurry } = await opened(t);
    const stop = new AbortController();
    const step = migration(1n, { up: 'SELECT SLEEP(60);', directives: { noTransaction: true } }).up;
    const applied = session.apply(step, given({ signal: stop.signal }));
    applied.catch(() => {});
    await until(database.long.runs, 'the long statement runs');
    hush();
    stop.abort();
    hurry();
    await failsWith(applied, 'outcome_unknown', 'unavailable');
    await session[Symbol.asyncDispose]();
  });

  it('is given up some time after it was asked something small', async (t) => {
    const { session, hush, hurry } = await opened(t);
    hush();
    const asked = session.state();
    asked.catch(() => {});
    hurry();
    await failsWith(asked, 'unavailable');
    await failsWith(session.holdsLock(), 'unavailable');
    await session[Symbol.asyncDispose]();
  });
});

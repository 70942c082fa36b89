/** Whom a cancel meets that was slow to get through. */
import assert from 'node:assert/strict';
import { connect as dial, type Socket } from 'node:net';
import { it } from 'node:test';
import { systemClock } from '../../clock.ts';
import { until } from '../contract-rig.ts';
import { connect } from './link.ts';
import { serverOf, startPostgres } from './rig.ts';

const { address, skip } = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');

/** Connected already, as the wire of a route is. */
async function wireTo({ hostname, port }: URL): Promise<Socket> {
  const wire = dial(Number(port || 5432), hostname);
  await new Promise((resolve) => wire.once('connect', resolve));
  wire.connect = () => {
    process.nextTick(() => wire.emit('connect'));
    return wire;
  };
  return wire;
}

it('does not meet the statement behind the one that it was meant for', { skip, timeout: 60_000 }, async (t) => {
  const database = await startPostgres(address);
  t.after(() => database.close());
  const url = new URL(database.address);
  const through = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  let wires = 0;
  const login = { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  const route = {
    ...{ ...login, database: url.pathname.slice(1) },
    dial: async () => {
      wires++;
      if (wires === 1) return wireTo(url);
      asked.resolve();
      await through.promise;
      const wire = await wireTo(url);
      wire.once('close', () => over.resolve());
      return wire;
    },
  };
  const given = { application: 'hawker test', clock: systemClock, signal: AbortSignal.timeout(60_000) };
  const link = await connect(route, given);
  t.after(() => link.close());
  await database.query('select pg_advisory_lock(1), pg_advisory_lock(2)');
  const waitsFor = (key: number) => async () =>
    (
      await database.query(
        `select 1 from pg_locks where locktype = 'advisory' and objid = ${key} and not granted and pid = ${link.pid}`,
      )
    ).length > 0;

  const giveUp = new AbortController();
  const first = link.run('select pg_advisory_lock(1)', giveUp.signal);
  await until(waitsFor(1), 'the first one runs');
  giveUp.abort();
  await asked.promise;
  await database.query('select pg_advisory_unlock(1)');
  await first;
  const second = link.run('select pg_advisory_lock(2)');
  second.catch(() => {});
  through.resolve();
  await over.promise;
  await Promise.race([second, until(waitsFor(2), 'the second one runs')]);
  await database.query('select pg_advisory_unlock(2)');
  assert.equal((await second).length, 1);
});

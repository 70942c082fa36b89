/** The PostgreSQL that is there everywhere, so that the session with one is tested everywhere. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { systemClock } from '../../clock.ts';
import { isAppError } from '../../errors.ts';
import { failsWith, given, migration } from '../contract-rig.ts';
import { openPostgres } from '../postgres.ts';
import { sessionContract } from '../session.contract.ts';
import { createPgliteRig } from './pglite-rig.ts';
import { startPglite } from './pglite-server.ts';

const rig = createPgliteRig();
after(() => rig[Symbol.asyncDispose]());

sessionContract({
  name: 'a PostgreSQL within the process',
  start: () => rig.start(),
  transactional: true,
  resumes: true,
  table: {
    sql: `select column_name, data_type, is_nullable, (select count(*) from pg_index where indrelid = 'public.schema_migrations'::regclass and indisprimary)
      from information_schema.columns where table_schema = 'public' and table_name = 'schema_migrations' order by ordinal_position`,
    rows: [
      ['version', 'bigint', 'NO', '1'],
      ['dirty', 'boolean', 'NO', '1'],
    ],
  },
  alone: 'it has one backend, and so one session at a time',
});

const TARGET = { table: 'schema_migrations', lockTimeoutMs: 1_000, statementTimeoutMs: 0 };

describe('a PostgreSQL within the process', () => {
  it('lets one in at a time, and keeps nothing of a session for the next', async () => {
    const signal = AbortSignal.timeout(60_000);
    await using database = { ...(await rig.start()), [Symbol.asyncDispose]: async () => {} };
    const first = await database.open();
    assert.equal(await first.tryLock(), true);
    await assert.rejects(database.open(signal), /too many clients/);
    await first[Symbol.asyncDispose]();
    const second = await database.open();
    assert.deepEqual([await second.holdsLock(), await second.holders()], [false, []]);
    await second[Symbol.asyncDispose]();
    await database.close();
  });

  it('is ended while a statement runs, at once and with all that use it', async () => {
    const giveUp = new AbortController();
    await using server = await startPglite({ extensions: [], clock: systemClock, signal: giveUp.signal });
    const options = { signal: AbortSignal.timeout(60_000), application: 'test', clock: systemClock };
    await using session = await openPostgres(TARGET, server.route, options);
    await session.prepare();
    const sent = Promise.withResolvers<void>();
    const endless = 'do $$ begin loop end loop; end $$;';
    const { up } = migration(1n, { up: endless, directives: { noTransaction: true } });
    const applied = session.apply(up, given({ onStatement: () => sent.resolve() }));
    applied.catch(() => {});
    await sent.promise;
    giveUp.abort();
    await failsWith(applied, 'outcome_unknown', 'unavailable');
    await failsWith(session.state(), 'unavailable');
    assert.match(String(server.ended()?.message), /given up/);
    await assert.rejects(openPostgres(TARGET, server.route, options), /has ended/);
  });

  it('does not begin where there is too little memory, or nobody waits for it', async () => {
    const common = { extensions: [], clock: systemClock };
    const signal = new AbortController().signal;
    await assert.rejects(startPglite({ ...common, signal, memory: 512 * 2 ** 20 }), (error) => {
      assert.ok(isAppError(error, 'migration_refused'));
      assert.match(error.message, /needs 1400 MiB of memory, and there are 512/);
      return true;
    });
    const reason = new Error('given up');
    await assert.rejects(startPglite({ ...common, signal: AbortSignal.abort(reason) }), reason);
    const soon = new AbortController();
    const starting = startPglite({ ...common, signal: soon.signal });
    await new Promise(setImmediate);
    soon.abort(reason);
    await assert.rejects(starting, (error) => error === reason || isAppError(error, 'unavailable'));
  });
});

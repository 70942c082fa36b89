/** What a script sets for its session, and what of it must not outlive the script. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { given, migration, rows } from '../contract-rig.ts';
import type { Session } from '../session.ts';
import { type PostgresUnderTest, serverOf, startPostgres } from './rig.ts';

const { address, skip } = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');

describe("a script's settings in PostgreSQL", { skip, timeout: 60_000 }, () => {
  let database: PostgresUnderTest;
  let session: Session;
  beforeEach(async () => {
    database = await startPostgres(address);
    session = await database.open();
    await session.prepare();
    await database.query('create table t (v text)');
  });
  afterEach(async () => {
    await session?.[Symbol.asyncDispose]();
    await database?.close();
  });

  for (const noTransaction of [false, true]) {
    const how = noTransaction ? 'by the marked way' : 'in a transaction';
    const directives = { noTransaction };

    it(`do not change how the next text is read, ${how}`, async () => {
      const sets = 'set client_encoding = latin1;\nset standard_conforming_strings = off;\n';
      await session.apply(migration(1n, { up: sets, down: "select 'é'", directives }).up, given());
      await session.apply(migration(2n, { up: "insert into t values ('é\\n')", directives }, 1n).up, given());
      const [, first] = await session.history(2);
      assert.deepEqual([await database.query('select v from t'), first?.down], [[['é\\n']], "select 'é'"]);
    });

    it(`let it be stamped and the next one begin, where they allow reading alone, ${how}`, async () => {
      const sets = 'set default_transaction_read_only = on;\n';
      await session.apply(migration(1n, { up: sets, directives }).up, given());
      const up = 'insert into t values (1)';
      await session.apply(migration(2n, { up, directives: { noTransaction: true } }, 1n).up, given());
      assert.deepEqual(await rows(database), [['2', false]]);
    });
  }
});

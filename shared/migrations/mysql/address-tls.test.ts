/** Runs where MYSQL_TEST_URL is set, whether or not that server speaks TLS. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../clock.ts';
import { isAppError } from '../../errors.ts';
import { openMysql } from '../mysql.ts';
import type { Target } from '../target.ts';
import { mysqlOf } from './rig.ts';

const { skip } = mysqlOf(process.env);
const target: Target = {
  ...{ name: 'shop', kind: 'mysql', address: { from: 'variable', name: 'X' }, folder: '/none' },
  ...{ table: 'schema_migrations', labels: {}, lockTimeoutMs: 1_000, statementTimeoutMs: 0 },
};

describe('TLS in an address of MySQL', { skip, timeout: 30_000 }, () => {
  it('is not done without: a server that has none, or another’s certificate, is refused by its code', async () => {
    const address = new URL('/mysql?tls=true', process.env['MYSQL_TEST_URL']);
    address.password ||= 'hunter2';
    const opening = openMysql(target, address.href, {
      ...{ signal: AbortSignal.timeout(20_000), application: 'test', clock: systemClock },
    });
    await assert.rejects(opening, (error) => {
      assert.ok(isAppError(error, 'unavailable'), String(error));
      assert.match(
        error.message,
        /^The database does not answer \((?:HANDSHAKE_NO_SSL_SUPPORT|HANDSHAKE_SSL_ERROR)\)$/,
      );
      return true;
    });
  });
});

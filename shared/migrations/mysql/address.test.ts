import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../../errors.ts';
import { parseAddress } from './address.ts';

describe('address of a MySQL database', () => {
  it("is read, in golang-migrate's form too", () => {
    const parts = { host: 'db.example', port: 3307, user: 'ann', password: 'p@ss:/', database: 'shop' };
    for (const at of ['db.example:3307', 'tcp(db.example:3307)'])
      assert.deepEqual(parseAddress(`mysql://ann:p%40ss%3A%2F@${at}/shop?multiStatements=true`, 't'), parts);
    assert.deepEqual(parseAddress('mysql://ann@[::1]/shop?tls=skip-verify', 't'), {
      ...{ host: '::1', port: 3306, user: 'ann', password: '', database: 'shop' },
      ssl: { rejectUnauthorized: false },
    });
  });

  it('is refused without a word of it', () => {
    const bad = [
      '',
      'secret',
      'postgres://a:secret@h/d',
      'mysql://a:secret@h/',
      'mysql://a:secret%zz@h/d',
      'mysql:///d',
      'mysql://a:12/secret@h/d',
    ];
    for (const address of [...bad, 'mysql://a:secret@h/d?tls=maybe'])
      assert.throws(
        () => parseAddress(address, 'shop'),
        (error: Error) =>
          isAppError(error, 'not_configured') && /"shop"/.test(error.message) && !/secret/.test(error.message),
      );
  });
});

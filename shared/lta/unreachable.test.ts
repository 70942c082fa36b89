import assert from 'node:assert/strict';
import { test } from 'node:test';
import { neverConnected } from '../http/failed-fetch.ts';
import { connectionTrouble } from './unreachable.ts';

const failed = (cause: Record<string, unknown>) => new TypeError('fetch failed', { cause });

for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])
  test(`${code} says that nothing was sent`, () => assert.equal(neverConnected(failed({ code })), true));

for (const code of ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT', 'CERT_HAS_EXPIRED', '', 7])
  test(`${code || 'no code'} does not say so`, () => assert.equal(neverConnected(failed({ code })), false));

test('ETIMEDOUT says so of connecting alone', () => {
  assert.equal(neverConnected(failed({ code: 'ETIMEDOUT', syscall: 'connect' })), true);
  assert.equal(neverConnected(failed({ code: 'ETIMEDOUT', errors: [] })), true);
  assert.equal(neverConnected(failed({ code: 'ETIMEDOUT', syscall: 'read' })), false);
});

test('whatever is thrown becomes an error of its own that holds a code and nothing else', () => {
  for (const error of [undefined, null, 'text', {}, new Error('secret'), failed({ code: 'a secret' })]) {
    const { trouble, message, cause } = connectionTrouble(error);
    assert.deepEqual([trouble, message, cause], ['unreachable', 'LTA cannot be reached', undefined]);
  }
  assert.equal(
    connectionTrouble(failed({ code: 'CERT_HAS_EXPIRED' })).message,
    'LTA cannot be reached (CERT_HAS_EXPIRED)',
  );
});

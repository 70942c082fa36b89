import assert from 'node:assert/strict';
import { it } from 'node:test';
import { lockKeys } from './lock-keys.ts';

it('has the keys that golang-migrate’s command line and its library take', () => {
  assert.deepEqual(lockKeys('public', 'schema_migrations', 'g2'), ['2642616216', '33360648']);
});

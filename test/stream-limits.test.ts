import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PLATFORM_LIMIT_MS } from '#functions/bus/stream.ts';
import { MANIFEST } from '#functions/manifest.ts';

describe('streams', () => {
  it('of bus know when the platform would cut them', () => {
    assert.equal(MANIFEST.find(({ name }) => name === 'bus')?.timeout, PLATFORM_LIMIT_MS / 1000);
  });
});

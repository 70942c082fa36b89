import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRetryAfter } from './retry-after.ts';

const NOW = Date.parse('2026-11-23T01:00:00Z');

for (const [header, ms] of [
  ['0', 0],
  ['20', 20_000],
  [' 20 ', 20_000],
  ['600', 600_000],
  ['601', 600_000],
  ['9'.repeat(400), 600_000],
  ['Mon, 23 Nov 2026 01:01:00 GMT', 60_000],
  ['Monday, 23-Nov-26 01:01:00 GMT', 60_000],
  ['Mon, 23 Nov 2026 00:00:00 GMT', 0],
  ['Tue, 24 Nov 2026 01:00:00 GMT', 600_000],
  [null, undefined],
  ['', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['2001', 600_000],
  ['soon GMT', undefined],
  // No zone: nobody's time in particular.
  ['Mon Nov 23 01:01:00 2026', undefined],
] as const)
  test(`Retry-After ${String(header).slice(0, 40)} is ${ms} ms`, () => assert.equal(readRetryAfter(header, NOW), ms));

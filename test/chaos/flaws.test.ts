/** The proof that the chaos runner can fail: with something wrong on purpose, it says what. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { openBacking } from '../../scripts/lease/chaos/backing.ts';
import type { Flaw } from '../../scripts/lease/chaos/plan.ts';
import { chaosOn } from './rig.ts';

guardAgainstLeaks();

const FLAWS: [Flaw, string, string][] = [
  ['unasserted', 'leaders that go on without asking whether they still lead', 'overlap'],
  ['unfenced resource', 'a resource that takes any token', 'stale write'],
  ['unfenced commits', 'commits without the guard', 'stale commit'],
];

describe('the chaos runner', () => {
  for (const [flaw, what, rule] of FLAWS)
    it(`finds ${what}`, async () => {
      const procs = 4;
      const { violations, ok } = await chaosOn(
        (folder) => openBacking({ kind: 'sqlite', folder, procs, cut: false, environment: {} }),
        { procs, seconds: 12, durationMs: 1_000, faults: ['stop'], flaw },
      );
      const found = new Set(violations.map((violation) => violation.rule));
      assert.ok(found.has(rule as never) && !ok, `found ${[...found].join(', ') || 'nothing'}`);
      for (const { what } of violations) assert.doesNotMatch(what, /\n/);
    });
});

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

const RUNS = 5;

describe('the chaos runner', () => {
  for (const [flaw, what, rule] of FLAWS)
    it(`finds ${what}`, async () => {
      const procs = 4;
      const found = new Set<string>();
      // Whether a run comes upon it is up to chance; on a busy machine fewer things happen in the same time.
      for (let run = 0; run < RUNS && !found.has(rule); run++) {
        const { violations, ok } = await chaosOn(
          (folder) => openBacking({ kind: 'sqlite', folder, procs, cut: false, environment: {} }),
          { procs, seconds: 12, durationMs: 1_000, faults: ['stop'], flaw },
        );
        if (violations.length > 0) assert.equal(ok, false);
        for (const violation of violations) {
          found.add(violation.rule);
          assert.doesNotMatch(violation.what, /\n/);
        }
      }
      assert.ok(found.has(rule), `found ${[...found].join(', ') || 'nothing'}`);
    });
});

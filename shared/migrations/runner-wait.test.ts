/** How long a run waits where nobody says so: longer than a holder that died is in the way. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFakeClock } from '../testing/fake-clock.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { leaseName } from './look.ts';
import { createRig } from './runner-rig.ts';
import { KINDS, type Kind } from './target.ts';
import { LEASE_MS } from './wait-for-lock.ts';

guardAgainstLeaks();

const WAIT_MS: Record<Kind, number> = { postgres: 30_000, mysql: 30_000, sqlite: 79_000, firestore: 30_000 };

/** The lease of a process that renews it no more: killed, if `dies`; else it lives on. */
async function held(kind: Kind, dies: boolean) {
  const rig = createRig();
  rig.kind = kind;
  const { clock } = rig;
  const durationMs = LEASE_MS[kind];
  const first = await rig
    .process(dies ? createFakeClock() : clock)
    .leases.lease(leaseName('shop'), { durationMs })
    .tryAcquire();
  assert.ok(first);
  return { rig, first };
}

describe('a run without a time to wait', () => {
  for (const kind of KINDS)
    it(`outlasts the lease of a runner that was killed, on ${kind}`, async () => {
      const { rig } = await held(kind, true);
      const run = await rig.process().run(await rig.begin({ command: 'up' }));
      assert.deepEqual([run.state, run.done, run.error, run.lockTimeoutMs], ['done', 3, undefined, WAIT_MS[kind]]);
    });

  it('gives up behind one that lives, and says what helps', async () => {
    for (const [kind, seconds] of [
      ['postgres', 17],
      ['sqlite', 66],
    ] as const) {
      const { rig, first } = await held(kind, false);
      const run = await rig.process().run(await rig.begin({ command: 'up' }));
      await first.release();
      assert.deepEqual([run.state, run.error?.code], ['failed', 'lease_held']);
      assert.match(run.error?.detail ?? '', new RegExp(`within ${WAIT_MS[kind]} ms: its lease is held by runner `));
      assert.match(
        run.error?.detail ?? '',
        new RegExp(
          `ends by itself for whoever has waited about ${seconds} s; .*\`lockTimeoutMs\` \\(\`--lock-timeout\`\\)$`,
        ),
      );
    }
  });

  it('keeps what it was given', async () => {
    const { rig } = await held('postgres', true);
    const run = await rig.process().run(await rig.begin({ command: 'up' }, { lockTimeoutMs: 500 }));
    assert.deepEqual([run.state, run.lockTimeoutMs], ['failed', 500]);
    assert.match(run.error?.detail ?? '', /within 500 ms/);
  });
});

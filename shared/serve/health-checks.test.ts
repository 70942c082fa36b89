import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../errors.ts';
import { tellDependency } from '../telemetry/dependencies.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createHealthChecks } from './health-checks.ts';

/** A part that answers when the test says so. */
function rig() {
  const clock = createFakeClock();
  const log = createKeptLog();
  const checks: PromiseWithResolvers<void>[] = [];
  const part = {
    check: () => {
      const made = Promise.withResolvers<void>();
      checks.push(made);
      return made.promise;
    },
  };
  const health = createHealthChecks({ store: part }, clock, log);
  const state = async (patienceMs: number) => (await health.states(patienceMs)).get('store');
  return { clock, log, checks, health, state };
}

describe('checks of what a process needs', () => {
  it('are made once for all who ask at the same time, and again only when five seconds have passed', async () => {
    const { clock, checks, state } = rig();
    const asked = [state(2_000), state(2_000), state(500)];
    checks[0]?.resolve();
    for (const each of await Promise.all(asked)) assert.equal(each?.ready, true);
    await clock.advance(4_999);
    const known = await state(2_000);
    assert.deepEqual([checks.length, known?.goodAt, known?.checkedAt], [1, 0, clock.now() - 4_999]);
    await clock.advance(1);
    const again = state(2_000);
    checks[1]?.reject(new AppError('storage_full', 'no room left to write /secret/place/hawker.db'));
    const failed = await again;
    assert.equal(checks.length, 2);
    assert.deepEqual(
      [failed?.ready, failed?.reason, failed?.goodAt],
      [false, 'there is no room left to store anything', 0],
      'it says when it was last good, and no path',
    );
    assert.match(failed?.error ?? '', /secret.place/, 'admins are told');
  });

  it('are waited for as long as the one who asks cares to, and then it is told for how long they hang', async () => {
    const { clock, checks, state } = rig();
    const short = state(500);
    await clock.advance(500);
    assert.deepEqual([(await short)?.ready, (await short)?.hangsMs], [false, 500]);
    const long = state(2_000);
    await clock.advance(1_500);
    assert.equal((await long)?.hangsMs, 2_000);
    await clock.advance(10_000);
    assert.match((await state(2_000))?.reason ?? '', /not answered for 12\.0 s/, 'nobody waits for it again');
    assert.equal(checks.length, 1, 'and none is begun beside it');
    checks[0]?.resolve();
    await Promise.resolve();
    assert.equal((await state(2_000))?.ready, true);
  });

  it('are begun anew where one never ends, so that what hung once is not lost for good', async () => {
    const { clock, checks, state } = rig();
    void state(0);
    await clock.advance(60_000);
    const again = state(2_000);
    assert.equal(checks.length, 2);
    checks[1]?.resolve();
    assert.equal((await again)?.ready, true);
  });

  it('leave what was known standing while a new one has only just begun', async () => {
    const { clock, checks, state } = rig();
    const first = state(2_000);
    checks[0]?.resolve();
    await first;
    await clock.advance(5_000);
    const probing = state(500);
    await clock.advance(500);
    assert.equal((await probing)?.ready, true, 'a probe that is patient for half a second does not doubt it');
    await clock.advance(1_500);
    assert.equal((await state(500))?.ready, false);
    assert.equal(checks.length, 2);
  });

  it('tell of everything else that was used, which decides nothing, and of what is worst off where there are several', async () => {
    const { checks, clock } = rig();
    const health = createHealthChecks({}, clock, createKeptLog());
    const ended = [
      tellDependency('upstream', () => ({ ready: true, goodAt: 1 })),
      tellDependency('upstream', () => ({ ready: false, reason: 'it fails' })),
    ];
    try {
      assert.deepEqual((await health.states(0)).get('upstream'), { ready: false, reason: 'it fails', must: false });
    } finally {
      for (const end of ended) end();
    }
    assert.equal((await health.states(0)).has('upstream'), false);
    assert.equal(checks.length, 0);
  });

  it('are told to the log where their outcome is another than before, once each, and not for a probe without patience', async () => {
    const { clock, log, checks, state } = rig();
    const told = () => log.lines.splice(0).map(({ severity, message, reason }) => [severity, message, reason]);
    const first = state(500);
    await clock.advance(500);
    await first;
    checks[0]?.resolve();
    await state(2_000);
    assert.deepEqual(told(), []);
    for (const [at, bad] of [true, true, false, false].entries()) {
      await clock.advance(5_000);
      const asked = [state(2_000), state(2_000)];
      if (bad) checks[at + 1]?.reject(new AppError('gone', '/secret/place was removed'));
      else checks[at + 1]?.resolve();
      await Promise.all(asked);
      assert.deepEqual(
        told(),
        [
          [['WARNING', 'the store is not ready', 'the data folder was removed or replaced; a restart makes a new one']],
          [],
          [['INFO', 'the store is ready again', undefined]],
          [],
        ][at],
      );
    }
    await clock.advance(5_000);
    const hanging = state(2_000);
    await clock.advance(2_000);
    await hanging;
    assert.deepEqual(told(), [['WARNING', 'the store is not ready', 'it has not answered for 2.0 s']]);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from './clock.ts';
import { createFakeClock } from './testing/fake-clock.ts';
import { guardAgainstLeaks } from './testing/leak-guard.ts';

guardAgainstLeaks();

for (const [name, createClock] of [
  ['the system clock', () => systemClock],
  ['the fake clock', () => createFakeClock()],
] as const) {
  describe(name, () => {
    it('rejects a sleep with the reason of its abort', async () => {
      const reason = new Error('enough');
      const abort = new AbortController();
      const sleep = createClock().sleep(60_000, abort.signal);
      abort.abort(reason);
      await assert.rejects(sleep, reason);
    });

    it('does not begin to sleep under a signal that has aborted already', async () => {
      const reason = new Error('too late');
      await assert.rejects(createClock().sleep(60_000, AbortSignal.abort(reason)), reason);
    });
  });
}

describe('the system clock', () => {
  it('sleeps, and its monotonic time does not go back', async () => {
    const before = systemClock.mono();
    await systemClock.sleep(1);
    assert.ok(systemClock.mono() >= before);
  });

  it('leaves no timer behind when a sleep is aborted', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const abort = new AbortController();
    const sleep = systemClock.sleep(60_000, abort.signal);
    assert.equal(timers(), before + 1);
    abort.abort();
    await assert.rejects(sleep);
    assert.equal(timers(), before);
  });
});

describe('the fake clock', () => {
  it('stands still until it is moved, then wakes sleepers in the order in which they are due', async () => {
    const clock = createFakeClock(1_000);
    const woken: string[] = [];
    const later = clock.sleep(20).then(() => woken.push(`later at ${clock.now()}`));
    const sooner = clock.sleep(10).then(() => woken.push(`sooner at ${clock.now()}`));
    await clock.advance(9);
    assert.deepEqual(woken, []);
    assert.equal(clock.sleepers, 2);
    await clock.advance(100);
    await Promise.all([later, sooner]);
    assert.deepEqual(woken, ['sooner at 1010', 'later at 1020']);
    assert.equal(clock.mono(), 109);
  });

  it('wakes a sleeper that goes to sleep again within one step', async () => {
    const clock = createFakeClock();
    let rounds = 0;
    const loop = (async () => {
      for (; rounds < 3; rounds++) await clock.sleep(10);
    })();
    await clock.advance(30);
    await loop;
    assert.equal(rounds, 3);
  });

  it('does not take a wait that is longer than a timer can be for none at all', async () => {
    const done = new AbortController();
    const forever = systemClock.sleep(Number.POSITIVE_INFINITY, done.signal).then(
      () => 'over',
      () => 'aborted',
    );
    assert.equal(await Promise.race([forever, systemClock.sleep(1).then(() => 'goes on')]), 'goes on');
    done.abort();
    assert.equal(await forever, 'aborted');
  });
});

/** What becomes of a firing that comes while another one runs. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import {
  ABANDONED_MS,
  busy,
  createProcess,
  effect,
  effects,
  FIRST,
  heldUp,
  never,
  newStore,
  pass,
  RENEWED_MS,
  type Run,
  SECOND,
  scheduledRow,
} from './rig.ts';

describe('a firing that comes while another runs, where the row says skip', () => {
  it('is skipped for good, in the process that runs the other', async () => {
    const store = newStore();
    const { run, begun, answer } = heldUp();
    const one = createProcess(store, run);
    const running = one.tell(FIRST);
    await begun;
    assert.equal(await one.tell(SECOND), 'skipped');
    answer([]);
    assert.equal(await running, 'done');
    assert.equal(await createProcess(store, never).tell(SECOND), 'skipped');
  });

  it('is skipped elsewhere once the other is seen to live', async () => {
    const store = newStore();
    const { run, begun } = heldUp();
    const one = createProcess(store, run);
    void one.tell(FIRST);
    await begun;
    const two = createProcess(store, never);
    const second = two.tell(SECOND);
    await pass([one, two], RENEWED_MS, second);
    assert.equal(await second, 'skipped');
    // Told of again, it is answered without a look at the lease.
    assert.equal(await two.tell(SECOND), 'skipped');
  });

  it('is skipped elsewhere where the other ends before it was seen to live', async () => {
    const store = newStore();
    const { run, begun, answer } = heldUp();
    const one = createProcess(store, run);
    const first = one.tell(FIRST);
    await begun;
    const two = createProcess(store, never);
    const second = two.tell(SECOND);
    await pass([two], 500);
    answer([]);
    await first;
    await pass([two], RENEWED_MS, second);
    assert.equal(await second, 'skipped');
  });

  it('runs where the other turns out to have died', async () => {
    const store = newStore();
    const { run, begun } = heldUp();
    void createProcess(store, run).tell(FIRST);
    await begun;
    const two = createProcess(store, async () => [effect('second')]);
    const second = two.tell(SECOND);
    await pass([two], ABANDONED_MS, second);
    assert.equal(await second, 'done');
    assert.deepEqual(await effects(store), ['second']);
  });

  it('is not skipped when somebody else has begun it meanwhile', async () => {
    const store = newStore();
    const { run, begun } = heldUp();
    const one = createProcess(store, run);
    void one.tell(FIRST);
    await begun;
    const racing: Store = {
      ...store,
      async commit(writes) {
        await store.create('schedule-firings', `night-watch|${SECOND}`, { state: 'begun', attempts: 1, at: '' });
        return store.commit(writes);
      },
    };
    const two = createProcess(racing, never);
    const second = two.tell(SECOND);
    await Promise.all([pass([one, two], RENEWED_MS, second), assert.rejects(second, busy)]);
    assert.equal(await two.isBegun(SECOND), true);
  });
});

describe('a firing that comes while another runs, where the row says queue', () => {
  const row = scheduledRow({ overlap: 'queue' });

  for (const where of ['here', 'elsewhere'] as const) {
    it(`runs after it (the other runs ${where})`, async () => {
      const store = newStore();
      const { run, begun, answer } = heldUp();
      const order: string[] = [];
      const either: Run = async (firing) => {
        order.push(firing.id);
        return firing.id === FIRST ? run(firing) : [effect('second')];
      };
      const one = createProcess(store, either, row);
      const two = where === 'here' ? one : createProcess(store, either, row);
      const processes = where === 'here' ? [one] : [one, two];
      const first = one.tell(FIRST);
      await begun;
      const second = two.tell(SECOND);
      await pass(processes, 20_000);
      assert.deepEqual(order, [FIRST]);
      answer([effect('first')]);
      assert.equal(await first, 'done');
      await pass(processes, 10_000, second);
      assert.equal(await second, 'done');
      assert.deepEqual(order, [FIRST, SECOND]);
    });
  }

  it('is told to come again where the wait was in vain', async () => {
    const store = newStore();
    const { run, begun } = heldUp();
    const one = createProcess(store, run, row);
    void one.tell(FIRST);
    await begun;
    const two = createProcess(store, never, row);
    const second = two.tell(SECOND, 20_000);
    await Promise.all([
      pass([one, two], 25_000, second),
      assert.rejects(second, (error) => isAppError(error, 'lease_held') && error.retryable),
    ]);
    assert.equal(await two.isBegun(SECOND), false);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { createBatch } from './batch.ts';

function batching(work?: (items: readonly string[]) => Promise<unknown[]>) {
  const clock = createFakeClock();
  const batches: (readonly string[])[] = [];
  const batch = createBatch<string>({
    work: async (items) => {
      batches.push(items);
      return (await work?.(items)) ?? items.map(() => undefined);
    },
    maxItems: 3,
    waitMs: 200,
    clock,
  });
  return { clock, batches, batch };
}

describe('items that arrive within a moment', () => {
  test('are done together when the first of them has waited long enough', async () => {
    const { clock, batches, batch } = batching();
    const both = Promise.all([batch.add('a'), batch.add('b')]);
    await clock.advance(199);
    assert.deepEqual(batches, []);
    await clock.advance(1);
    await both;
    assert.deepEqual(batches, [['a', 'b']]);
  });

  test('wait no longer once there are enough of them', async () => {
    const { clock, batches, batch } = batching();
    const first = Promise.all([batch.add('a'), batch.add('b'), batch.add('c')]);
    const fourth = batch.add('d');
    await first;
    assert.deepEqual(batches, [['a', 'b', 'c']]);
    await clock.advance(200);
    await fourth;
    assert.deepEqual(batches, [['a', 'b', 'c'], ['d']]);
  });

  test('are done one batch at a time', async () => {
    let running = 0;
    const { batch } = batching(async (items) => {
      assert.equal(++running, 1);
      await new Promise(setImmediate);
      running--;
      return items.map(() => undefined);
    });
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((item) => batch.add(item)));
  });

  test('each learn their own end', async () => {
    const { batch } = batching(async (items) => items.map((item) => (item === 'b' ? new Error('b') : undefined)));
    const ends = await Promise.allSettled(['a', 'b', 'c'].map((item) => batch.add(item)));
    assert.deepEqual(
      ends.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
  });

  test('all fail where the work does, and the next ones are tried', async () => {
    let broken = true;
    const { batch } = batching(async (items) => {
      if (broken) throw new Error('broken');
      return items.map(() => undefined);
    });
    const ends = await Promise.allSettled(['a', 'b', 'c'].map((item) => batch.add(item)));
    assert.deepEqual(
      ends.map(({ status }) => status),
      ['rejected', 'rejected', 'rejected'],
    );
    broken = false;
    await Promise.all(['a', 'b', 'c'].map((item) => batch.add(item)));
  });
});

describe('draining', () => {
  test('does at once what waits, and resolves when it is done', async () => {
    const { clock, batches, batch } = batching();
    const added = batch.add('a');
    await batch.drain(1_000);
    assert.deepEqual(batches, [['a']]);
    await added;
    assert.equal(clock.sleepers, 0);
  });

  test('ends after its time though the work does not', async () => {
    const { clock, batch } = batching(() => new Promise(() => undefined));
    void batch.add('a');
    const drained = batch.drain(1_000);
    await clock.advance(1_000);
    await drained;
  });

  test('has nothing to wait for where nothing came', async () => {
    const { batch } = batching();
    await batch.drain(1_000);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AppError, isAppError } from '#shared/errors.ts';
import { STATISTICS } from '#shared/links/statistics.ts';
import type { Store, Write } from '#shared/store/store.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { event, hit, instance, total, watched } from './testing.ts';

describe('a hit is counted once', () => {
  test('though it is delivered again, later and at the same time', async () => {
    const { store } = watched();
    const { handle } = instance(store);
    await Promise.all([handle(event('1')), handle(event('1')), handle(event('2'))]);
    await handle(event('1'));
    assert.deepEqual(await total(store), { all: 2, human: 2, unique: 1 });
  });

  test('though two processes get it at the same time, in different shards or the same one', async () => {
    for (const shards of [
      [0, 1],
      [3, 3],
    ]) {
      const { store } = watched();
      const processes = shards.map((shard) => instance(store, { shard }));
      const events = Array.from({ length: 30 }, (_, index) => event(`${index}`, hit({ visitor: `v${index % 7}` })));
      await Promise.all(processes.flatMap(({ handle }) => events.map(handle)));
      assert.deepEqual(await total(store), { all: 30, human: 30, unique: 7 });
    }
  });

  test('though the store failed, before the commit or after it', async () => {
    for (const fault of ['before', 'after'] as const) {
      const { store, faults } = watched();
      const { handle } = instance(store);
      await handle(event('0'));
      faults.push(fault);
      const failed = await Promise.allSettled([handle(event('1')), handle(event('2'))]);
      for (const end of failed) assert.ok(end.status === 'rejected' && isAppError(end.reason) && end.reason.retryable);
      await Promise.all([handle(event('1')), handle(event('2')), handle(event('3'))]);
      assert.deepEqual(await total(store), { all: 4, human: 4, unique: 1 });
    }
  });

  test('and a person once a day for each link, though another process saw them first', async () => {
    const { store } = watched();
    const [a, b] = [instance(store, { shard: 1 }), instance(store, { shard: 2 })];
    await a.handle(event('1'));
    await b.handle(event('2'));
    await b.handle(event('3', hit(), '2026-01-02T00:00:00Z'));
    await b.handle(event('4', hit({ linkId: 'l2' })));
    await b.handle(event('5', hit({ label: 'bot' })));
    assert.deepEqual(await total(store), { all: 4, human: 3, unique: 2 });
    assert.deepEqual(await total(store, 'l2'), { all: 1, human: 1, unique: 1 });
  });
});

describe('what cannot be counted', () => {
  test('is refused for good where it is no hit', async () => {
    const { store } = watched();
    const { handle } = instance(store);
    await assert.rejects(
      handle(event('1', { linkId: 5 })),
      (error) => isAppError(error, 'invalid') && !error.retryable,
    );
    await handle(event('1'));
    assert.equal((await total(store)).all, 1);
  });

  test('does not keep the others of its batch from being counted', async () => {
    const { store: inner } = watched();
    const poisoned = (writes: readonly Write[]) =>
      writes.some(({ collection, id }) => collection === STATISTICS && id.startsWith('bad|'));
    const store: Store = {
      ...inner,
      commit: (writes) => (poisoned(writes) ? Promise.reject(new AppError('too_large', 'x')) : inner.commit(writes)),
    };
    const { handle } = instance(store);
    const ends = await Promise.allSettled(
      ['l1', 'bad', 'l1', 'l1', 'l2'].map((linkId, index) => handle(event(`${index}`, hit({ linkId })))),
    );
    assert.deepEqual(
      ends.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
    );
    assert.equal((await total(store)).all, 3);
    assert.equal((await total(store, 'l2')).all, 1);
  });

  test('is given back after some tries where others always come first', async () => {
    const { store, faults } = watched();
    faults.push(...Array.from({ length: 50 }, () => new AppError('conflict', 'x')));
    const { handle } = instance(store);
    await assert.rejects(handle(event('1')), (error) => isAppError(error, 'conflict'));
    assert.ok(faults.length > 40);
  });
});

describe('the cost', () => {
  test('is one commit though an event is delivered twice at the same time', async () => {
    const { store, commits } = watched();
    const { handle } = instance(store);
    await Promise.all(['1', '2', '1', '3'].map((id) => handle(event(id))));
    assert.deepEqual(
      commits.map((writes) => writes.length),
      [5],
    );
  });

  test('is one commit for many hits, and no read once the link and its visitors are known', async () => {
    const { store, commits, reads } = watched();
    const { handle } = instance(store);
    await handle(event('0'));
    const before = reads();
    for (const round of ['a', 'b'])
      await Promise.all(Array.from({ length: 100 }, (_, index) => handle(event(`${round}${index}`))));
    assert.equal(reads(), before);
    assert.deepEqual(
      commits.map((writes) => writes.length),
      [3, 101, 101],
    );
    assert.deepEqual(await total(store), { all: 201, human: 201, unique: 1 });
  });

  test('stays within one commit where every hit is of another link and person', async () => {
    const { store, commits } = watched();
    const { handle } = instance(store);
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        handle(event(`${index}`, hit({ linkId: `l${index}`, visitor: `v${index}` }))),
      ),
    );
    assert.deepEqual(
      commits.map((writes) => writes.length),
      [300],
    );
  });
});

test('of two processes that drew the same shard one draws another', async () => {
  const { store, commits } = watched();
  const [a, b] = [instance(store), instance(store, { next: 8 })];
  for (const round of [1, 2, 3])
    await Promise.all([a.handle(event(`a${round}`)), b.handle(event(`b${round}`, hit({ visitor: 'v2' })))]);
  assert.deepEqual(await total(store), { all: 6, human: 6, unique: 2 });
  const shards = commits.flatMap((writes) =>
    writes.flatMap(({ collection, id }) => (collection === STATISTICS ? id.slice(-1) : [])),
  );
  assert.deepEqual(new Set(shards.slice(-2)), new Set(['0', '8']));
});

test('draining counts what is waiting', async () => {
  const { store } = watched();
  const { handle, drain } = instance(store, { clock: createFakeClock() });
  const handled = handle(event('1'));
  await new Promise(setImmediate);
  assert.equal((await total(store)).all, 0);
  await drain(1_000);
  assert.equal((await total(store)).all, 1);
  await handled;
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createOutbox } from './outbox.ts';
import { type DeadOutboxRecord, OUTBOX, OUTBOX_DEAD } from './outbox-record.ts';
import { type RelayOptions, relayOutbox } from './outbox-relay.ts';
import { beginTerm, createRecordingQueue, everything, outgoing } from './outbox-rig.ts';

async function begin() {
  const store = withShorthands(createMemoryDriver());
  const outbox = createOutbox({ store, clock: systemClock, ids: systemIds });
  const queue = createRecordingQueue();
  const log = createKeptLog();
  const common = { store, queue, log, clock: systemClock, ids: systemIds, signal: new AbortController().signal };
  return {
    store,
    outbox,
    queue,
    log,
    /** A relay of a term of its own. */
    relay: async (given: Partial<RelayOptions> = {}) =>
      relayOutbox({ ...common, ...given, held: given.held ?? (await beginTerm(store)) }),
    add: (key: string | undefined, ...ids: string[]) =>
      outbox.commit(
        [],
        ids.map((id) => outgoing(id, key ? { orderingKey: key } : {})),
      ),
    left: () => everything(store, OUTBOX),
    dead: () => everything<DeadOutboxRecord>(store, OUTBOX_DEAD),
  };
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}${n}`);
const startingAt = (random: number) => ({ ...systemIds, random: () => random });

describe('the relay', () => {
  it('publishes what is committed, as it was committed, and leaves nothing', async () => {
    const { outbox, queue, relay, left } = await begin();
    const full = outgoing('full', { topic: 'olds', orderingKey: 'k' });
    full.event = { ...full.event, subject: 's', attributes: { a: 'b' }, data: null };
    await outbox.commit([], [full]);
    assert.deepEqual(await relay(), { published: 1, dead: 0, heldBack: 0 });
    assert.deepEqual(queue.all, [full]);
    assert.deepEqual(await left(), []);
    assert.deepEqual(await relay(), { published: 0, dead: 0, heldBack: 0 });
  });

  it('keeps the order of each key over many pages and keys, wherever it begins', async () => {
    for (const random of [0, 0.37, 0.9999]) {
      const { queue, relay, add, left } = await begin();
      const long = names('long', 330);
      for (let at = 0; at < long.length; at += 110) await add('long', ...long.slice(at, at + 110));
      const keys = names('key', 120);
      await Promise.all(keys.map((key) => add(key, `${key}/1`, `${key}/2`)));
      await add(undefined, ...names('free', 130));
      assert.equal((await relay({ ids: startingAt(random) })).published, 330 + 240 + 130);
      const published = queue.ids();
      const of = (prefix: string) => published.filter((id) => id.startsWith(prefix));
      assert.deepEqual(of('long'), long);
      for (const key of keys) assert.deepEqual(of(`${key}/`), [`${key}/1`, `${key}/2`]);
      assert.deepEqual(of('free').sort(), names('free', 130).sort());
      assert.deepEqual(await left(), []);
    }
  });

  it('serves every key before it comes back to a long one', async () => {
    const { queue, relay, add } = await begin();
    for (let at = 0; at < 5; at++) await add('long', ...names(`long${at}.`, 100));
    for (const key of names('key', 20)) await add(key, key);
    await relay();
    const lastShort = queue.ids().findLastIndex((id) => id.startsWith('key'));
    assert.ok(lastShort < 300, `500 events of one key, and the last of another came as number ${lastShort}`);
  });

  it('publishes one key at a time and many keys side by side', async () => {
    const { queue, relay, add } = await begin();
    for (const key of names('key', 60)) await add(key, `${key}/1`, `${key}/2`);
    const active = new Map<string, number>();
    let most = 0;
    queue.before = async ({ orderingKey = '' }) => {
      active.set(orderingKey, (active.get(orderingKey) ?? 0) + 1);
      assert.equal(active.get(orderingKey), 1);
      most = Math.max(most, active.size);
      await new Promise(setImmediate);
      active.delete(orderingKey);
    };
    await relay({ ids: startingAt(0) });
    assert.equal(queue.all.length, 120);
    assert.equal(most, 32);
  });

  it('holds back a key whose event is not taken for now, and no other', async () => {
    const { queue, relay, add, log } = await begin();
    await add('stuck', '1', '2', '3');
    await add('free', 'a', 'b');
    queue.before = ({ event }) => {
      if (event.id === '2') throw new AppError('unavailable', 'the topic is away');
    };
    assert.deepEqual(await relay(), { published: 3, dead: 0, heldBack: 1 });
    assert.deepEqual(queue.ids().sort(), ['1', 'a', 'b']);
    assert.ok(log.lines.some(({ severity, reason }) => severity === 'WARNING' && reason === 'the topic is away'));
    queue.before = undefined;
    await add('stuck', '4');
    assert.deepEqual(await relay(), { published: 3, dead: 0, heldBack: 0 });
    assert.deepEqual(queue.ids().slice(3), ['2', '3', '4']);
  });

  it('publishes nothing of a held back key in the same run, however many pages of it follow', async () => {
    const { queue, relay, add } = await begin();
    const keys = ['a', 'b', 'c'];
    for (const key of keys) await add(key, ...names(key, 170));
    const failed = new Set<string>();
    queue.before = ({ event: { id }, orderingKey = '' }) => {
      if (!id.endsWith('5') || failed.has(orderingKey)) return;
      failed.add(orderingKey);
      throw new AppError('unavailable', 'once');
    };
    assert.deepEqual(await relay(), { published: 15, dead: 0, heldBack: 3 });
    assert.deepEqual(await relay(), { published: 495, dead: 0, heldBack: 0 });
    for (const key of keys)
      assert.deepEqual(
        queue.ids().filter((id) => id.startsWith(key)),
        names(key, 170),
      );
  });

  it('moves what can never be published to the dead, says so, and goes on with the key', async () => {
    const { queue, relay, add, log, left, dead } = await begin();
    await add('k', '1', '2', '3');
    queue.before = ({ event }) => {
      if (event.id === '2') throw new AppError('invalid', `no such topic ${'x'.repeat(5_000)}`);
    };
    assert.deepEqual(await relay(), { published: 2, dead: 1, heldBack: 0 });
    assert.deepEqual(queue.ids(), ['1', '3']);
    assert.deepEqual(await left(), []);
    const [record, ...others] = (await dead()).map(({ value }) => value);
    assert.deepEqual(others, []);
    assert.deepEqual(record?.event, outgoing('2').event);
    assert.equal(record?.orderingKey, 'k');
    assert.match(record?.reason ?? '', /^no such topic x+$/);
    assert.ok(log.lines.some(({ severity, event }) => severity === 'ERROR' && event === '2'));
  });

  it('can move an event to the dead though it is as large as the outbox takes', async () => {
    const { queue, outbox, relay, dead } = await begin();
    const event = { ...outgoing('big').event, data: 'é'.repeat(448_900) };
    await outbox.commit([], [outgoing('big', { event })]);
    queue.before = () => {
      throw new AppError('too_large', '日'.repeat(1_000));
    };
    assert.equal((await relay()).dead, 1);
    assert.equal((await dead())[0]?.value.event.id, 'big');
  });

  it('publishes nothing more once its lease says no', async () => {
    const { store, queue, relay, add, left } = await begin();
    await add('k', '1', '2', '3');
    const term = await beginTerm(store);
    const assertUntilTwo = () => {
      if (queue.all.length === 2) throw new AppError('lease_lost', 'over');
    };
    await assert.rejects(relay({ held: { ...term, assert: assertUntilTwo } }), (error) =>
      isAppError(error, 'lease_lost'),
    );
    assert.deepEqual(queue.ids(), ['1', '2']);
    // Its term still stands in the store, so what it had published is gone.
    assert.deepEqual((await left()).length, 1);
  });

  it('of a term that is over deletes and moves nothing, however late it wakes', async () => {
    const { store, queue, relay, add, left, dead } = await begin();
    await add('k', '1', 'bad', '2');
    const stale = await beginTerm(store);
    queue.before = async ({ event }) => {
      if (event.id !== 'bad') return;
      queue.before = undefined;
      await beginTerm(store);
      throw new AppError('invalid', 'never');
    };
    await assert.rejects(relay({ held: stale }), (error) => isAppError(error, 'lease_lost'));
    assert.deepEqual(queue.ids(), ['1']);
    assert.equal((await left()).length, 3);
    assert.deepEqual(await dead(), []);
    await relay();
    assert.deepEqual(queue.ids(), ['1', '1', 'bad', '2']);
    assert.deepEqual(await left(), []);
  });

  it('ends with its signal, and does not wait for a publication that does not end', async () => {
    const { queue, relay, add, left } = await begin();
    await add('a', '1', '2');
    await add('b', '3', '4');
    const ending = new AbortController();
    queue.before = ({ event }) => {
      if (event.id !== '3') return;
      ending.abort();
      return new Promise<void>(() => undefined);
    };
    const relayed = await relay({ signal: ending.signal });
    assert.equal(relayed.published, queue.all.length);
    assert.equal((await left()).length, 4 - queue.all.length, 'what was published is deleted');
    assert.equal(queue.ids().includes('3'), false);
    queue.before = undefined;
    await relay();
    const of = (...ids: string[]) => queue.ids().filter((id) => ids.includes(id));
    assert.deepEqual(
      [of('1', '2'), of('3', '4')],
      [
        ['1', '2'],
        ['3', '4'],
      ],
    );
  });

  it('begins no other event of a key once its signal has aborted', async () => {
    const { queue, relay, add, left } = await begin();
    await add('k', '1', '2', '3');
    const ending = new AbortController();
    queue.before = () => ending.abort();
    assert.deepEqual(await relay({ signal: ending.signal }), { published: 1, dead: 0, heldBack: 0 });
    assert.equal((await left()).length, 2);
  });

  it('begins nothing where the signal has aborted already', async () => {
    const { queue, relay, add } = await begin();
    await add('a', '1');
    assert.deepEqual(await relay({ signal: AbortSignal.abort() }), { published: 0, dead: 0, heldBack: 0 });
    assert.deepEqual(queue.ids(), []);
  });

  it('takes what is committed while it runs', async () => {
    const { queue, relay, add } = await begin();
    await add('k', '1');
    queue.before = async ({ event }) => {
      if (event.id === '1') await add('k', '2');
    };
    assert.equal((await relay()).published, 2);
    assert.deepEqual(queue.ids(), ['1', '2']);
  });

  it('deletes in few commits, none of more than 400', async () => {
    const { store, relay, add } = await begin();
    for (let at = 0; at < 10; at++) await add(undefined, ...names(`${at}.`, 95));
    const sizes: number[] = [];
    const term = await beginTerm(store);
    const fenced: Store['commit'] = (writes) => {
      sizes.push(writes.length);
      return term.fenced(writes);
    };
    await relay({ held: { ...term, fenced } });
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      950,
    );
    assert.ok(sizes.length <= 5 && Math.max(...sizes) <= 400, String(sizes));
  });
});

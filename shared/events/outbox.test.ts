import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../clock.ts';
import { type ErrorCode, isAppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import type { Store, Write } from '../store/store.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createOutbox } from './outbox.ts';
import { OUTBOX, OUTBOX_KEYS, type OutboxRecord } from './outbox-record.ts';
import { beginTerm, everything, outgoing } from './outbox-rig.ts';

/** Waits are over with the next turn of the loop. */
const clock = { ...systemClock, sleep: () => new Promise<void>(setImmediate) };

function begin(changed: (store: Store) => Partial<Store> = () => ({})) {
  const inner = withShorthands(createMemoryDriver());
  const store: Store = { ...inner, ...changed(inner) };
  return { store, inner, outbox: createOutbox({ store, clock, ids: systemIds }) };
}

const create = (id: string): Write => ({ op: 'create', collection: 'things', id, value: {} });
const waiting = async (store: Store) =>
  (await everything<OutboxRecord>(store, OUTBOX)).map(({ value }) => value.event.id);
const refused = (work: Promise<unknown>, code: ErrorCode) => assert.rejects(work, (error) => isAppError(error, code));

describe('a commit with events', () => {
  it('writes both, and answers the versions of the writes alone', async () => {
    const { store, outbox } = begin();
    const versions = await outbox.commit(
      [create('a'), create('b')],
      [outgoing('e1'), outgoing('e2', { orderingKey: 'k' })],
    );
    const things = await store.getMany('things', ['a', 'b']);
    assert.deepEqual(
      versions,
      things.map((doc) => doc?.version),
    );
    assert.deepEqual((await waiting(store)).sort(), ['e1', 'e2']);
  });

  it('writes neither where a write is refused, and says so at once', async () => {
    const { store, outbox } = begin();
    await store.create('things', 'a', {});
    await refused(outbox.commit([create('a')], [outgoing('e1', { orderingKey: 'k' })]), 'conflict');
    assert.deepEqual(await waiting(store), []);
    assert.deepEqual(await everything(store, OUTBOX_KEYS), []);
  });

  it('keeps all of an event, also what is null, empty or not there', async () => {
    const { store, outbox } = begin();
    const full = outgoing('full', { orderingKey: 'ключ/🔑' });
    full.event = { ...full.event, subject: 'a/b', data: { text: '日本', none: null }, attributes: { trace: '' } };
    const bare = outgoing('bare');
    bare.event.data = undefined;
    await outbox.commit([], [full, bare]);
    const records = (await everything<OutboxRecord>(store, OUTBOX)).map(({ value }) => value);
    assert.deepEqual(
      records.find(({ event }) => event.id === 'full'),
      full,
    );
    assert.equal('data' in (records.find(({ event }) => event.id === 'bare')?.event ?? {}), false);
  });

  it('numbers the events of a topic and key in the order of the commits', async () => {
    const { store, outbox } = begin();
    const key = { orderingKey: 'k' };
    await outbox.commit([], [outgoing('1', key), outgoing('2', key)]);
    await outbox.commit([], [outgoing('other', { orderingKey: 'l' }), outgoing('3', key)]);
    await outbox.commit([], [outgoing('elsewhere', { ...key, topic: 'olds' })]);
    await outbox.commit([], [outgoing('4', key)]);
    const records = await everything<OutboxRecord>(store, OUTBOX);
    const ofKey = records.filter(({ value }) => value.topic === 'news' && value.orderingKey === 'k');
    assert.deepEqual(
      ofKey.map(({ value }) => value.event.id),
      ['1', '2', '3', '4'],
    );
    assert.equal(new Set(ofKey.map(({ id }) => id.split('|')[0])).size, 1);
    assert.equal(new Set(records.map(({ id }) => id.split('|')[0])).size, 3);
  });

  it('goes on above where a key was, though its sequence was thrown away or a clock was set back', async () => {
    const { inner } = begin();
    const time = createFakeClock();
    const at = (offset: number) =>
      createOutbox({ store: inner, clock: { ...time, now: () => time.now() + offset }, ids: systemIds });
    const key = { orderingKey: 'k' };
    await at(0).commit([], [outgoing('1', key), outgoing('2', key)]);
    await at(-3_600_000).commit([], [outgoing('3', key)]);
    await time.advance(1);
    for (const { id, version } of await everything(inner, OUTBOX_KEYS)) await inner.delete(OUTBOX_KEYS, id, version);
    await at(0).commit([], [outgoing('4', key)]);
    assert.deepEqual(await waiting(inner), ['1', '2', '3', '4']);
  });

  it('is done again where only the order of its key moved meanwhile', async () => {
    let meanwhile: (() => Promise<unknown>) | undefined;
    const { store, inner, outbox } = begin((under) => ({
      async commit(writes) {
        const first = meanwhile;
        meanwhile = undefined;
        await first?.();
        return under.commit(writes);
      },
    }));
    const other = createOutbox({ store: inner, clock, ids: systemIds });
    const key = { orderingKey: 'k' };
    meanwhile = () => other.commit([], [outgoing('first', key)]);
    await outbox.commit([create('a')], [outgoing('second', key)]);
    assert.deepEqual(await waiting(store), ['first', 'second']);

    meanwhile = async () => {
      await other.commit([create('b')], [outgoing('third', key)]);
    };
    let commits = 0;
    const commit: Store['commit'] = (writes) => {
      commits++;
      return store.commit(writes);
    };
    const counted = createOutbox({ store: { ...store, commit }, clock, ids: systemIds });
    await refused(counted.commit([create('b')], [outgoing('never', key)]), 'conflict');
    assert.equal(commits, 1, 'its own write is refused: there is nothing to be done again');
    assert.deepEqual(await waiting(store), ['first', 'second', 'third']);
  });

  it('gives up with `conflict` where its key never stands still', async () => {
    let commits = 0;
    const { store, inner, outbox } = begin((under) => ({
      async commit(writes) {
        commits++;
        await createOutbox({ store: under, clock, ids: systemIds }).commit(
          [],
          [outgoing('busy', { orderingKey: 'k' })],
        );
        return under.commit(writes);
      },
    }));
    await refused(outbox.commit([create('a')], [outgoing('e', { orderingKey: 'k' })]), 'conflict');
    assert.equal(commits, 10);
    assert.equal(await store.get('things', 'a'), undefined);
    assert.equal((await waiting(inner)).includes('e'), false);
  });

  it('that nobody can judge after a conflict is the conflict', async () => {
    const { outbox, inner } = begin((under) => {
      let failed = false;
      return {
        commit: (writes) =>
          under.commit(writes).catch((error: unknown) => {
            failed = true;
            throw error;
          }),
        getMany: (...args) => (failed ? Promise.reject(new Error('the store is gone')) : under.getMany(...args)),
      };
    });
    await inner.create('things', 'a', {});
    await refused(outbox.commit([create('a')], [outgoing('e', { orderingKey: 'k' })]), 'conflict');
  });

  it('lets many writers of one key through at once, each event once', async () => {
    const { store, outbox } = begin();
    const ids = Array.from({ length: 8 }, (_, n) => `e${n}`);
    await Promise.all(ids.map((id) => outbox.commit([create(id)], [outgoing(id, { orderingKey: 'k' })])));
    assert.deepEqual((await waiting(store)).sort(), ids);
  });

  it('goes through a lease where it is told to, and is refused with it', async () => {
    const { store, outbox } = begin();
    const term = await beginTerm(store);
    await outbox.commit([create('a')], [outgoing('e1', { orderingKey: 'k' })], term.fenced);
    assert.deepEqual(await waiting(store), ['e1']);
    await beginTerm(store);
    await refused(outbox.commit([create('b')], [outgoing('e2', { orderingKey: 'k' })], term.fenced), 'lease_lost');
    assert.deepEqual(await waiting(store), ['e1']);
  });

  it('can be made by somebody else, once for each preparation', async () => {
    const { store, outbox } = begin();
    const events = [outgoing('e1', { orderingKey: 'k' }), outgoing('e2')];
    const [one, two] = [await outbox.prepare(events), await outbox.prepare(events)];
    await store.commit([create('a'), ...one]);
    await refused(store.commit([create('b'), ...two]), 'conflict');
    await store.commit([create('b'), ...(await outbox.prepare([outgoing('e3', { orderingKey: 'k' })]))]);
    assert.deepEqual((await waiting(store)).sort(), ['e1', 'e2', 'e3']);
  });
});

describe('an event that could never be published', () => {
  const cases: [string, ErrorCode, ReturnType<typeof outgoing>][] = [
    ['has no id', 'invalid', outgoing('')],
    ['has no topic', 'invalid', outgoing('e', { topic: '' })],
    ['has a key that is too long', 'too_large', outgoing('e', { orderingKey: 'é'.repeat(513) })],
    ['is wider than an attribute', 'too_large', outgoing('x'.repeat(1_025))],
    [
      'is larger than a document, with what would be written were it dead',
      'too_large',
      outgoing('e', { event: { ...outgoing('e').event, data: 'x'.repeat(899_000) } }),
    ],
  ];
  for (const [what, code, event] of cases)
    it(`is refused before anything is written: one that ${what}`, async () => {
      const { store, outbox } = begin();
      await refused(outbox.commit([create('a')], [outgoing('fine'), event]), code);
      assert.equal(await store.get('things', 'a'), undefined);
      assert.deepEqual(await waiting(store), []);
    });
});

/** Random histories of writers and of relays that stop anywhere, some for good and some until after another has taken over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createOutbox } from './outbox.ts';
import { OUTBOX, OUTBOX_DEAD, type OutboxRecord } from './outbox-record.ts';
import { relayOutbox } from './outbox-relay.ts';
import { beginTerm, createRecordingQueue, everything, outgoing, type Publication } from './outbox-rig.ts';

const KEYS = ['a', 'b', undefined];
/** What the queue says of an event, by the number of the attempt: it may take it, not now, or never. */
const mood = fc.oneof({ weight: 6, arbitrary: fc.constant('takes' as const) }, fc.constantFrom('later', 'never'));

const history = fc.record({
  /** Writers work side by side, each makes its commits one after the other; a commit has these events. */
  writers: fc.array(fc.array(fc.array(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 3 }), { maxLength: 4 }), {
    minLength: 1,
    maxLength: 3,
  }),
  /** Each relay takes over from the one before, which stops at its nth step: for good, or to wake up later. */
  relays: fc.array(fc.record({ stopAt: fc.nat(25), wakes: fc.boolean() }), { maxLength: 4 }),
  moods: fc.array(mood, { maxLength: 20 }),
});

type Step = <T>(work: () => Promise<T>) => Promise<T>;

/** Where a relay stops: before a step happens or after it, and until it is woken. */
function stoppable(scheduled: Step, stopAt: number, asleep: Promise<void>): Step {
  let steps = 0;
  return async (work) => {
    const mine = steps++;
    if (mine === stopAt * 2) await asleep;
    const result = await scheduled(work);
    if (mine === stopAt * 2 - 1) await asleep;
    return result;
  };
}

test('whatever stops wherever, each key is published in order, nothing is lost, and nothing but the same event twice', async () => {
  await fc.assert(
    fc.asyncProperty(history, fc.scheduler(), async ({ writers, relays, moods }, scheduler) => {
      const truth = withShorthands(createMemoryDriver());
      const queue = createRecordingQueue();
      const scheduled: Step = (work) => scheduler.schedule(Promise.resolve()).then(work);
      const store: Store = {
        ...truth,
        getMany: (...args) => scheduled(() => truth.getMany(...args)),
        list: (...args) => scheduled(() => truth.list(...args)),
        commit: (writes) => scheduled(() => truth.commit(writes)),
      };
      const clock = { ...systemClock, sleep: () => scheduler.schedule(Promise.resolve()).then(() => undefined) };
      const log = createKeptLog();

      /** What was committed, in the order of the commits. */
      const committed: Publication[] = [];
      const noted: Store['commit'] = async (writes) => {
        const versions = await scheduled(() => truth.commit(writes));
        for (const write of writes)
          if (write.op === 'create' && write.collection === OUTBOX) {
            const { topic, event, orderingKey } = write.value as OutboxRecord;
            committed.push({ topic, event, orderingKey });
          }
        return versions;
      };
      const outbox = createOutbox({ store: { ...store, commit: noted }, clock, ids: systemIds });
      let made = 0;
      const write = async (commits: (string | undefined)[][]) => {
        for (const keys of commits) {
          const events = keys.map((key) => outgoing(`e${++made}`, key ? { orderingKey: key } : {}));
          await outbox.commit([], events).catch((error: unknown) => assert.ok(isAppError(error, 'conflict')));
        }
      };

      const dead = new Set<string>();
      const taken = [...moods];
      queue.before = ({ event }) => {
        const now = dead.has(event.id) ? 'never' : taken.shift();
        if (now === 'later') throw new AppError('unavailable', 'not now');
        // Who was published once can be published again.
        if (now === 'never' && !queue.ids().includes(event.id)) {
          dead.add(event.id);
          throw new AppError('invalid', 'never');
        }
      };

      const asleep = relays.map(() => Promise.withResolvers<void>());
      const relay = async (step: Step) => {
        const term = await beginTerm(truth);
        return relayOutbox({
          store: { list: (...args) => step(() => truth.list(...args)) as ReturnType<Store['list']> as never },
          queue: { publish: (...args) => step(() => queue.publish(...args)) },
          held: { assert: term.assert, fenced: (writes) => step(() => term.fenced(writes)) },
          clock,
          ids: systemIds,
          log,
          signal: new AbortController().signal,
        });
      };
      /** Whether it ended, or else stands still. */
      const ended = (work: Promise<unknown>) =>
        work.then(
          () => undefined,
          (error: unknown) => {
            assert.ok(isAppError(error, 'lease_lost'), String(error));
          },
        );

      const work = [
        ...writers.map(write),
        ...relays.map(async ({ stopAt, wakes }, index) => {
          // In their order: each begins its term when the schedule comes to it.
          for (let at = 0; at <= index * 3; at++) await scheduler.schedule(Promise.resolve());
          const sleeper = asleep[index]?.promise ?? Promise.resolve();
          const running = ended(relay(stoppable(scheduled, stopAt, sleeper)));
          if (wakes) await scheduled(async () => asleep[index]?.resolve());
          if (wakes) await running;
        }),
      ];
      await scheduler.waitIdle();
      await scheduler.waitFor(Promise.all(work));

      // A last one that nothing stops, as often as the queue has had enough.
      queue.before = ({ event }) => {
        if (dead.has(event.id)) throw new AppError('invalid', 'never');
      };
      await scheduler.waitFor(relay((step) => step()));
      // And those that slept through all of it wake up.
      for (const { resolve } of asleep) resolve();
      await scheduler.waitIdle();

      const first = queue.all.filter(({ event }, index) => queue.ids().indexOf(event.id) === index);
      const expected = committed.filter(({ event }) => !dead.has(event.id));
      for (const key of ['a', 'b']) {
        const of = (all: Publication[]) => all.filter(({ orderingKey }) => orderingKey === key);
        assert.deepEqual(of(first), of(expected));
      }
      const sorted = (all: Publication[]) => all.toSorted((a, b) => a.event.id.localeCompare(b.event.id));
      assert.deepEqual(sorted(first), sorted(expected));
      for (const again of queue.all)
        assert.deepEqual(
          again,
          committed.find(({ event }) => event.id === again.event.id),
        );
      assert.deepEqual(await everything(truth, OUTBOX), []);
      const buried = await everything<OutboxRecord>(truth, OUTBOX_DEAD);
      assert.deepEqual(new Set(buried.map(({ value }) => value.event.id)), dead);
    }),
    { numRuns: 300 },
  );
});

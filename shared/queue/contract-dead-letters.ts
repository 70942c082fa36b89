/** The queue's contract: dead letters, and what may become of them. */
import assert from 'node:assert/strict';
import { AppError } from '../errors.ts';
import type { NewEvent } from '../events/event.ts';
import { consume, newEvent, type QueueUnderTest } from './contract-tools.ts';
import type { DeadLetter, Queue, SubscriptionSpec } from './queue.ts';

type Promises = (title: string, run: (under: QueueUnderTest) => Promise<void>) => void;

const ALL = { oldest: Number.POSITIVE_INFINITY };
const idsOf = (letters: readonly { id: string }[]) => letters.map(({ id }) => id).sort();

/** Publishes these and lets each of them fail as often as it may. */
async function bury(
  under: QueueUnderTest,
  queue: Queue,
  spec: SubscriptionSpec,
  events: readonly [NewEvent, string?][],
): Promise<DeadLetter[]> {
  const { consumer } = consume(queue, spec, async () => {
    throw new AppError('unavailable', 'broken');
  });
  for (const [event, orderingKey] of events) await queue.publish(spec.topic, event, orderingKey ? { orderingKey } : {});
  const letters = await under.eventually(async () => {
    const found = await queue.deadLetters(spec.name, { newest: 100 });
    return found.length === events.length ? found : undefined;
  });
  await consumer.stop(5_000);
  return letters;
}

export function deadLetterContract(promise: Promises): void {
  promise('after its last attempt an event is a dead letter', async (under) => {
    const spec = under.spec({ maxAttempts: 5 });
    const queue = await under.open([spec]);
    const got = consume(queue, spec, async () => {
      throw new AppError('unavailable', 'still broken');
    });
    const event = newEvent('doomed', { subject: 'a/b', attributes: { extra: 'x' } });
    await queue.publish(spec.topic, event);
    await got.count(5);
    const [letter] = await under.eventually(async () => {
      const letters = await queue.deadLetters(spec.name, { newest: 10 });
      return letters.length > 0 ? letters : undefined;
    });
    assert.ok(letter);
    const { delivery: _, dataContentType: __, ...fields } = letter.event;
    assert.deepEqual(fields, event);
    assert.equal(letter.subscription, spec.name);
    assert.ok(letter.attempts >= 5);
    assert.ok(letter.reason.length > 0);
    assert.match(letter.at, /^\d{4}-.*Z$/);
    assert.equal(got.events.length, 5);
    assert.equal((await queue.deadLetters(spec.name, { newest: 10 })).length, 1);
  });

  promise('a dead letter says why', async (under) => {
    const spec = under.spec({ maxAttempts: 5 });
    const queue = await under.open([spec]);
    consume(queue, spec, async ({ delivery }) => {
      throw new AppError('unavailable', `broken at ${delivery.attempt}`);
    });
    await queue.publish(spec.topic, newEvent('doomed'));
    const [letter] = await under.eventually(async () => {
      const letters = await queue.deadLetters(spec.name, { newest: 10 });
      return letters.length > 0 ? letters : undefined;
    });
    assert.deepEqual([letter?.attempts, letter?.reason], [5, 'broken at 5']);
  });

  promise(
    'a redriven dead letter is the same event again, in its order and with its attempts counted anew',
    async (under) => {
      const spec = under.spec({ maxAttempts: 5 });
      const queue = await under.open([spec]);
      const full = newEvent('full', {
        subject: 'é/🍜',
        data: { list: [1, null] },
        attributes: { extra: 'x', 'Mixed-Case': 'y' },
      });
      const [first, second] = [newEvent('keyed', { data: 1 }), newEvent('keyed', { data: 2 })];
      const letters = await bury(under, queue, spec, [[full], [first, 'k'], [second, 'k']]);
      assert.deepEqual((await queue.redrive(spec.name, ALL)).sort(), idsOf(letters));
      assert.deepEqual(await queue.deadLetters(spec.name, { newest: 10 }), []);
      assert.deepEqual(await queue.redrive(spec.name, ALL), []);

      const got = consume(queue, spec);
      await got.count(3);
      for (const sent of [full, first, second]) {
        const { delivery, dataContentType: _, orderingKey, ...fields } = got.byId(sent.id);
        assert.deepEqual(fields, { attributes: {}, ...sent });
        assert.equal(orderingKey, sent === full ? undefined : 'k');
        assert.equal(delivery.attempt, 1);
      }
      assert.deepEqual(
        got.events.filter(({ orderingKey }) => orderingKey === 'k').map(({ data }) => data),
        [1, 2],
      );
    },
  );

  promise('only the dead letters that are chosen are touched', async (under) => {
    const [spec, other] = [under.spec({ maxAttempts: 5 }), under.spec({ maxAttempts: 5, topic: 'others' })];
    const queue = await under.open([spec, other]);
    const events = ['one', 'two', 'three', 'four'].map((type) => newEvent(type));
    const [letters, [foreign]] = await Promise.all([
      bury(
        under,
        queue,
        spec,
        events.map((event) => [event]),
      ),
      bury(under, queue, other, [[newEvent('foreign')]]),
    ]);
    assert.equal(new Set(idsOf(letters)).size, 4);
    const idOf = (type: string) => letters.find(({ event }) => event.type === type)?.id ?? '';
    const choose = (...types: string[]) => ({ ids: [...types.map(idOf), foreign?.id ?? '', 'nothing'] });

    const [found, ...others] = await queue.deadLetters(spec.name, choose('two'));
    assert.deepEqual([found?.event.id, others.length], [events[1]?.id, 0]);
    assert.deepEqual(await queue.redrive(spec.name, choose('two')), [idOf('two')]);
    assert.deepEqual(await queue.purge(spec.name, choose('three', 'two')), [idOf('three')]);
    const left = await queue.deadLetters(spec.name, { newest: 10 });
    assert.deepEqual(left.map(({ event }) => event.type).sort(), ['four', 'one']);
    assert.equal((await queue.deadLetters(spec.name, { newest: 1 })).length, 1);

    const got = consume(queue, spec);
    await got.count(1);
    const [purged, ...more] = await queue.purge(spec.name, { oldest: 1 });
    assert.ok(purged && more.length === 0);
    const [redriven] = await queue.redrive(spec.name, ALL);
    assert.deepEqual(new Set([purged, redriven]), new Set([idOf('four'), idOf('one')]));
    await got.count(2);
    assert.deepEqual(got.ids()[0], events[1]?.id);
    assert.equal((await queue.deadLetters(other.name, { newest: 10 })).length, 1);
  });
}

/** What every queue driver promises, run over each against the real thing. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { AppError, type ErrorCode, isAppError } from '../errors.ts';
import type { NewEvent } from '../events/event.ts';
import { deadLetterContract } from './contract-dead-letters.ts';
import { consume, newEvent, type QueueUnderTest, within } from './contract-tools.ts';

export interface QueueContract {
  name: string;
  /** Begins with nothing: topics and subscriptions of earlier tests are out of sight. */
  begin: (t: TestContext) => QueueUnderTest;
  /** Cases that this driver cannot meet, with the reason. */
  skip?: Record<string, string>;
  /** Why none of them can be run here. */
  skipAll?: string | false;
}

export function queueContract({ name, begin, skip = {}, skipAll = false }: QueueContract): void {
  const names = new Set<string>();
  const promise = (title: string, run: (under: QueueUnderTest) => Promise<void>) => {
    names.add(title);
    test(title, { skip: skipAll || skip[title] || false, timeout: 60_000 }, async (t) => run(begin(t)));
  };

  describe(`${name} as a queue`, () => {
    promise('every subscription of a topic gets every event, and no other does', async (under) => {
      const [one, two, other] = [
        under.spec({ topic: 'hits' }),
        under.spec({ topic: 'hits' }),
        under.spec({ topic: 'misses' }),
      ];
      const queue = await under.open([one, two, other]);
      const got = [one, two, other].map((spec) => consume(queue, spec));
      const [hit, miss] = [newEvent('hit'), newEvent('miss')];
      await Promise.all([queue.publish(one.topic, hit), queue.publish(other.topic, miss)]);
      await Promise.all(got.map((each) => each.count(1)));
      assert.deepEqual(
        got.map((each) => each.ids()),
        [[hit.id], [hit.id], [miss.id]],
      );
    });

    promise('an event arrives with every field it was published with', async (under) => {
      const spec = under.spec();
      const queue = await under.open([spec]);
      const sent: NewEvent[] = [
        newEvent('full', {
          subject: 'süß.example/🍜/%2F',
          data: { text: 'naïve 日本語 \u0000 "quoted"', list: [1, -2.5, null, { deep: [true, []] }] },
          attributes: { traceparent: '00-ab-cd-01', 'Mixed-Case': 'ключ', empty: '' },
        }),
        newEvent('null', { data: null }),
        newEvent('nothing', { data: undefined }),
        newEvent('text', { data: '' }),
        newEvent('big', { data: 'é'.repeat(1_000_000) }),
      ];
      const got = consume(queue, spec);
      await Promise.all(sent.map((event) => queue.publish(spec.topic, event)));
      await got.count(sent.length);
      for (const event of sent) {
        const { delivery, dataContentType, ...fields } = got.byId(event.id);
        assert.deepEqual(fields, { attributes: {}, ...event, data: event.data });
        assert.equal(dataContentType, 'application/json');
        assert.ok(delivery.messageId && delivery.publishTime && delivery.subscription?.endsWith(spec.name));
      }
    });

    promise('an event that fails for now comes again with its attempts counted', async (under) => {
      const spec = under.spec();
      const queue = await under.open([spec]);
      const got = consume(queue, spec, async ({ delivery }) => {
        if (delivery.attempt !== 3) throw new AppError('unavailable', 'not yet');
      });
      await queue.publish(spec.topic, newEvent('late'));
      await got.count(3);
      assert.deepEqual(
        got.events.map(({ delivery }) => delivery.attempt),
        [1, 2, 3],
      );
    });

    promise('an event that can never succeed is done, and others go on', async (under) => {
      const spec = under.spec();
      const queue = await under.open([spec]);
      const [bad, next] = [newEvent('bad'), newEvent('next')];
      const got = consume(queue, spec, async ({ id }) => {
        if (id === bad.id) throw new AppError('invalid', 'never');
      });
      // With one key the second can only come once the first is finished.
      await queue.publish(spec.topic, bad, { orderingKey: 'k' });
      await queue.publish(spec.topic, next, { orderingKey: 'k' });
      await got.count(2);
      assert.deepEqual(got.ids(), [bad.id, next.id]);
      assert.ok(under.log.lines.some(({ severity }) => severity === 'ERROR'));
    });

    deadLetterContract(promise);

    promise(
      'events of one key come one at a time and in order though the first fails, and other keys go on',
      async (under) => {
        const spec = under.spec({ concurrency: 10 });
        const queue = await under.open([spec]);
        const free = Promise.withResolvers<void>();
        let active = 0;
        const done: unknown[] = [];
        const got = consume(queue, spec, async ({ data, orderingKey, delivery }) => {
          if (orderingKey !== 'blocked') return free.resolve();
          active++;
          assert.equal(active, 1);
          try {
            if (data === 1) await free.promise;
            if (data === 1 && (delivery.attempt ?? 1) < 3) throw new AppError('unavailable', 'not yet');
            done.push(data);
          } finally {
            active--;
          }
        });
        for (const data of [1, 2, 3])
          await queue.publish(spec.topic, newEvent('k', { data }), { orderingKey: 'blocked' });
        await queue.publish(spec.topic, newEvent('k'), { orderingKey: 'free' });
        await under.eventually(async () => (done.length >= 3 ? true : undefined));
        assert.deepEqual(done, [1, 2, 3]);
        assert.ok(got.events.filter(({ data }) => data === 1).length >= 3);
      },
    );

    promise(
      'no more than `concurrency` events are handled at a time, and no fewer where there are enough',
      async (under) => {
        const spec = under.spec({ concurrency: 3 });
        const queue = await under.open([spec]);
        const three = Promise.withResolvers<void>();
        let active = 0;
        let most = 0;
        const got = consume(queue, spec, async () => {
          most = Math.max(most, ++active);
          if (active === 3) three.resolve();
          await three.promise;
          await new Promise(setImmediate);
          active--;
        });
        await Promise.all(Array.from({ length: 20 }, () => queue.publish(spec.topic, newEvent('many'))));
        await got.count(20);
        assert.equal(most, 3);
      },
    );

    promise('a handler is told at its deadline, and its event comes again', async (under) => {
      const spec = under.spec({ ackDeadlineMs: 300 });
      const queue = await under.open([spec]);
      const told = Promise.withResolvers<void>();
      const got = consume(queue, spec, async ({ delivery }, { signal }) => {
        if (delivery.attempt !== 1) return;
        signal.addEventListener('abort', () => told.resolve());
        await new Promise(() => undefined);
      });
      await queue.publish(spec.topic, newEvent('stuck'));
      await within(told.promise, 'the abort');
      await got.count(2);
    });

    promise('stopping lets the handlers under way end, and hands out nothing more', async (under) => {
      const spec = under.spec({ concurrency: 1 });
      const queue = await under.open([spec]);
      const release = Promise.withResolvers<void>();
      const got = consume(queue, spec, () => release.promise);
      const [first, second] = [newEvent('first'), newEvent('second')];
      await queue.publish(spec.topic, first, { orderingKey: 'k' });
      await queue.publish(spec.topic, second, { orderingKey: 'k' });
      await got.count(1);
      let stopped = false;
      const stopping = got.consumer.stop(20_000).then(() => {
        stopped = true;
      });
      await new Promise(setImmediate);
      assert.equal(stopped, false);
      release.resolve();
      await within(stopping, 'the stop');
      assert.deepEqual(got.ids(), [first.id]);
      const later = consume(queue, spec);
      await later.count(1);
      assert.deepEqual(later.ids(), [second.id]);
    });

    promise('a handler that does not end in time is told, and its event comes again', async (under) => {
      const spec = under.spec();
      const queue = await under.open([spec]);
      let signal: AbortSignal | undefined;
      const got = consume(queue, spec, (_event, context) => {
        signal = context.signal;
        return new Promise(() => undefined);
      });
      await queue.publish(spec.topic, newEvent('endless'));
      await got.count(1);
      await within(got.consumer.stop(1_000), 'the stop');
      assert.equal(signal?.aborted, true);
      const later = consume(queue, spec);
      await later.count(1);
      assert.deepEqual(later.ids(), got.ids());
    });

    promise('what nobody handled survives closing, and comes in the next life', async (under) => {
      const spec = under.spec();
      const first = await under.open([spec]);
      const events = Array.from({ length: 25 }, () => newEvent('kept'));
      const published = events.map((event) => first.publish(spec.topic, event));
      assert.equal(await first.close(10_000), 0);
      await Promise.all(published);
      await assert.rejects(first.publish(spec.topic, newEvent('late')), isUnavailable);

      const got = consume(await under.open([spec]), spec);
      await got.count(25);
      assert.deepEqual(got.ids().sort(), events.map(({ id }) => id).sort());
    });

    promise('two processes on one subscription share its events without handling one twice', async (under) => {
      const spec = under.spec({ concurrency: 4 });
      const queues = [await under.open([spec]), await under.open([spec])];
      const got = queues.map((queue) => consume(queue, spec, () => new Promise(setImmediate)));
      const events = Array.from({ length: 80 }, () => newEvent('shared'));
      await Promise.all(events.map(async (event, index) => queues[index % 2]?.publish(spec.topic, event)));
      await under.eventually(
        async () => (got[0]?.events.length ?? 0) + (got[1]?.events.length ?? 0) >= 80 || undefined,
      );
      assert.deepEqual(got.flatMap((each) => each.ids()).sort(), events.map(({ id }) => id).sort());
    });

    promise('what no driver could carry is refused when it is published', async (under) => {
      const spec = under.spec();
      const queue = await under.open([spec]);
      const refused = (code: ErrorCode, event: NewEvent, options?: { orderingKey: string }) =>
        assert.rejects(queue.publish(spec.topic, event, options), (error) => isAppError(error, code));
      await refused('too_large', newEvent('big', { data: 'x'.repeat(10_000_001) }));
      await refused('too_large', newEvent('wide', { subject: 'é'.repeat(600) }));
      await refused('too_large', newEvent('attribute', { attributes: { wide: 'x'.repeat(1025) } }));
      await refused('too_large', newEvent('key'), { orderingKey: 'x'.repeat(1025) });
      await refused('invalid', { ...newEvent('nameless'), id: '' });
    });

    promise('a queue that takes events says so', async (under) => {
      const queue = await under.open([under.spec()]);
      await queue.check();
      await queue.close(1_000);
      await assert.rejects(queue.check(), isUnavailable);
    });

    test('every skipped case is one of these', () => {
      for (const title of Object.keys(skip)) assert.ok(names.has(title), title);
    });
  });
}

const isUnavailable = (error: unknown) => isAppError(error, 'unavailable');

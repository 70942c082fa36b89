import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../clock.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import type { OtlpSender } from './otlp-sender.ts';
import { currentScope, runInScope } from './scope.ts';
import { createSpanBatches, MOST_HELD } from './span-batches.ts';

guardAgainstLeaks();

interface Sending {
  spans: number[];
  scoped: boolean;
  end: (taken?: boolean) => void;
}

/** A sender whose sendings a test ends. */
function rig(t: TestContext, everyMs = 60_000) {
  const sendings: Sending[] = [];
  const lost: [count: number, reason: string, scoped: boolean][] = [];
  const state = { away: false, resting: false };
  let arrived = Promise.withResolvers<Sending>();
  const sender: OtlpSender = {
    get away() {
      return state.away;
    },
    get resting() {
      return state.resting;
    },
    send: (body, _count, _withinMs, signal) =>
      new Promise((resolve) => {
        const end = (taken = true) => resolve(taken);
        signal.addEventListener('abort', () => end(false));
        const sending = {
          spans: JSON.parse(Buffer.from(body).toString()) as number[],
          scoped: Boolean(currentScope()),
          end,
        };
        sendings.push(sending);
        arrived.resolve(sending);
        arrived = Promise.withResolvers();
      }),
  };
  const batches = createSpanBatches<number>({
    encode: (spans) => Buffer.from(JSON.stringify(spans)),
    sender,
    troubles: { lost: (count, reason) => void lost.push([count, reason, Boolean(currentScope())]) },
    clock: systemClock,
    everyMs,
  });
  t.after(() => batches.close(0));
  return { batches, sendings, lost, state, next: () => arrived.promise };
}

const isOver = async (work: Promise<unknown>) => {
  let over = false;
  void work.then(() => {
    over = true;
  });
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  return over;
};

describe('spans on their way', () => {
  it('go together, a while after they have ended', async (t) => {
    const { batches, next, sendings } = rig(t, 5);
    const sent = next();
    batches.add(1);
    batches.add(2);
    assert.equal(sendings.length, 0);
    const { spans, end } = await sent;
    assert.deepEqual(spans, [1, 2]);
    end();
  });

  it('are seen off by whoever flushes, who waits for no later ones', async (t) => {
    const { batches, sendings } = rig(t);
    batches.add(1);
    const first = batches.flush(10_000);
    batches.add(2);
    const second = batches.flush(10_000);
    batches.add(3);
    sendings[0]?.end();
    await first;
    assert.equal(await isOver(second), false);
    assert.deepEqual(
      sendings.map(({ spans }) => spans),
      [[1], [2, 3]],
    );
    sendings[1]?.end();
    await second;
    await batches.flush(10_000);
    assert.equal(sendings.length, 2, 'there was nothing more to wait for');
  });

  it('are waited for no longer than there is time, and go on all the same', async (t) => {
    const { batches, sendings } = rig(t);
    batches.add(1);
    await batches.flush(5);
    assert.equal(sendings.length, 1);
    batches.add(2);
    assert.ok(await isOver(batches.flush(60_000)), 'one who waited in vain is enough');
    sendings[0]?.end();
    await isOver(Promise.resolve());
    assert.equal(await isOver(batches.flush(10_000)), false);
    sendings[1]?.end();
  });

  it('are not waited for while the collector is away, also by who waits already', async (t) => {
    const { batches, sendings, state } = rig(t);
    batches.add(1);
    const waiting = batches.flush(60_000);
    assert.equal(await isOver(waiting), false);
    state.away = true;
    batches.release();
    await waiting;
    batches.add(2);
    await batches.flush(60_000);
    assert.equal(sendings.length, 1, 'one at a time');
  });

  it('stay where they are while the collector wants to be left alone', async (t) => {
    const { batches, sendings, state, next } = rig(t, 5);
    state.resting = true;
    batches.add(1);
    await batches.flush(20);
    assert.equal(sendings.length, 0);
    const sent = next();
    state.resting = false;
    (await sent).end();
  });

  it('are no part of the invocation that they are sent or lost in', async (t) => {
    const { batches, sendings, lost } = rig(t);
    const scope = { trace: undefined, span: undefined, invocation: { fields: {}, steps: new Map(), debug: false } };
    runInScope(scope, () => {
      batches.add(1);
      void batches.flush(10);
      for (let i = 0; i <= MOST_HELD; i++) batches.add(i);
    });
    await isOver(Promise.resolve());
    assert.equal(sendings[0]?.scoped, false);
    assert.deepEqual(
      lost.map(([, , scoped]) => scoped),
      [false],
    );
    sendings[0]?.end();
  });

  it('are lost and counted where there are more than can be held', async (t) => {
    const { batches, sendings, lost } = rig(t);
    for (let i = 0; i < MOST_HELD + 512 + 10; i++) batches.add(i);
    assert.equal(sendings.length, 1, 'the first went as soon as they filled a batch');
    assert.equal(lost.length, 10);
    assert.match(String(lost[0]), /^1,there are more than can be held/);
    const all = batches.flush(10_000);
    for (let i = 0; i < 5; i++) {
      await isOver(Promise.resolve());
      sendings[i]?.end();
    }
    await all;
    assert.deepEqual(sendings.flatMap(({ spans }) => spans).length, MOST_HELD + 512);
  });

  it('are lost and told of where they cannot be written down, and the next ones go', async (t) => {
    const lost: string[] = [];
    const sent: number[][] = [];
    const batches = createSpanBatches<number>({
      encode(spans) {
        if (spans.includes(13)) throw new Error('a bad number');
        return Uint8Array.from(spans);
      },
      sender: { away: false, resting: false, send: async (body) => sent.push([...body]) > 0 },
      troubles: { lost: (count, reason) => void lost.push(`${count} ${reason}`) },
      clock: systemClock,
    });
    t.after(() => batches.close(0));
    batches.add(13);
    await batches.flush(1_000);
    batches.add(14);
    await batches.flush(1_000);
    assert.deepEqual([lost, sent], [['1 a bad number'], [[14]]]);
  });

  it('are sent at the end, and taken no more', async (t) => {
    const { batches, sendings, lost } = rig(t);
    batches.add(1);
    const closed = batches.close(10_000);
    batches.add(2);
    await isOver(Promise.resolve());
    sendings[0]?.end();
    await closed;
    assert.deepEqual([sendings.map(({ spans }) => spans), lost], [[[1]], []]);
  });

  it('hold up the end no longer than they may', async (t) => {
    const { batches, sendings } = rig(t);
    for (let i = 0; i < 600; i++) batches.add(i);
    await batches.close(10);
    assert.equal(sendings.length, 1);
  });
});

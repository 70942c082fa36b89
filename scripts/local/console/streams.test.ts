import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '#shared/errors.ts';
import { createFakeClock, type FakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import type { Overview } from './overview.ts';
import { createStreams } from './streams.ts';
import { overviewOf } from './testing.ts';

guardAgainstLeaks();

interface Told {
  event: string;
  data: { now: string; panels?: Record<string, string> };
}

/** Streams over an overview that the test changes, and how often it was asked for. */
function start() {
  const clock = createFakeClock();
  const log = createKeptLog();
  const state: { overview: Overview; reads: number; broken?: Error } = { overview: overviewOf({}), reads: 0 };
  const overview = {
    now: () => {
      state.reads++;
      if (state.broken) throw state.broken;
      return state.overview;
    },
    fresh: async () => state.overview,
  };
  const streams = createStreams({ overview, clock, log, outside: (work) => work() });
  return { clock, log, state, streams };
}

const stillGood = async () => undefined;

/** Reads what comes, without waiting for what does not. */
function listen(answer: Response) {
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  let over: 'closed' | 'broken' | undefined;
  const readOn = async () => {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        text += new TextDecoder().decode(value);
      }
      over = 'closed';
    } catch {
      over = 'broken';
    }
  };
  void readOn();
  return {
    told: (): Told[] =>
      text
        .split('\n\n')
        .filter((each) => each.startsWith('event: '))
        .map((each) => {
          const [, event = '', data = ''] = /^event: (\S+)\ndata: (.*)$/.exec(each) ?? [];
          return { event, data: JSON.parse(data) as Told['data'] };
        }),
    over: () => over,
    leave: () => reader.cancel(),
  };
}

const settled = async (clock: FakeClock) => {
  for (let turn = 0; turn < 5; turn++) await clock.advance(0);
};

describe("the console's streams", () => {
  it('send all panels first, and then those alone that have changed, once a second at most', async () => {
    const { clock, state, streams } = start();
    const page = listen(streams.open({ address: 'http://localhost', stillGood }));
    await settled(clock);
    const [first] = page.told();
    assert.deepEqual(Object.keys(first?.data.panels ?? {}).sort(), [
      ...['failures', 'leases', 'minute', 'process', 'queue', 'readiness', 'requests', 'schedules'],
    ]);
    for (let change = 1; change <= 1_000; change++)
      state.overview = overviewOf({ minute: { ...state.overview.minute, requests: change } });
    await clock.advance(900);
    assert.equal(page.told().length, 1);
    await clock.advance(100);
    await settled(clock);
    const [, second, third] = page.told();
    assert.deepEqual(Object.keys(second?.data.panels ?? {}), ['minute']);
    assert.match(second?.data.panels?.['minute'] ?? '', /1,000/);
    assert.equal(third, undefined);
    await clock.advance(5_000);
    assert.equal(page.told().length, 2, 'what stays the same is not told');
    await page.leave();
  });

  it('compute nothing while nobody looks', async () => {
    const { clock, state, streams } = start();
    await clock.advance(10_000);
    assert.equal(state.reads, 0);
    const page = listen(streams.open({ address: 'http://localhost', stillGood }));
    await clock.advance(2_000);
    assert.equal(state.reads, 3);
    await page.leave();
    assert.deepEqual([streams.count, clock.sleepers], [0, 0]);
    await clock.advance(10_000);
    assert.equal(state.reads, 3);
    const again = listen(streams.open({ address: 'http://localhost', stillGood }));
    await clock.advance(1_000);
    assert.equal(state.reads, 5);
    await again.leave();
  });

  it('say something every ten seconds, and end for whoever may look no longer', async () => {
    const { clock, streams } = start();
    let refusal: Error | undefined;
    const asked = async () => {
      if (refusal) throw refusal;
    };
    const page = listen(streams.open({ address: 'http://localhost', stillGood: asked }));
    await clock.advance(10_000);
    assert.deepEqual(
      page.told().map(({ event }) => event),
      ['panels', 'beat'],
    );
    refusal = new AppError('unavailable', 'the store is away');
    await clock.advance(10_000);
    assert.equal(page.over(), undefined, 'nobody can tell, so it goes on');
    refusal = new AppError('unauthenticated', 'There is no such key');
    await clock.advance(10_000);
    await settled(clock);
    assert.equal(page.told().at(-1)?.event, 'signed-out');
    assert.equal(page.over(), 'closed');
    assert.equal(streams.count, 0);
  });

  it('are so many at most, and end with the process', async () => {
    const { clock, streams } = start();
    const pages = Array.from({ length: 20 }, () => listen(streams.open({ address: 'http://localhost', stillGood })));
    assert.throws(() => streams.open({ address: 'http://localhost', stillGood }), /Too many/);
    await clock.advance(0);
    streams.end();
    await settled(clock);
    assert.ok(pages.every((page) => page.over() === 'closed'));
    assert.equal(clock.sleepers, 0);
    assert.throws(() => streams.open({ address: 'http://localhost', stillGood }), /about to end/);
  });

  it('let go of a browser that does not read', async () => {
    const { clock, state, streams } = start();
    const answer = streams.open({ address: 'http://localhost', stillGood });
    const long = 'x'.repeat(200_000);
    for (let at = 0; at < 5 && streams.count > 0; at++) {
      state.overview = overviewOf({ leases: { trouble: `${at}${long}` } });
      await clock.advance(1_000);
    }
    assert.equal(streams.count, 0);
    await assert.rejects(answer.text());
  });

  it('end, with a line in the log, where a panel cannot be made', async () => {
    const { clock, log, state, streams } = start();
    const page = listen(streams.open({ address: 'http://localhost', stillGood }));
    await settled(clock);
    state.broken = new Error('a bug');
    await clock.advance(1_000);
    await settled(clock);
    assert.equal(page.over(), 'closed');
    assert.equal(log.lines.at(-1)?.['severity'], 'ERROR');
    assert.equal(clock.sleepers, 0);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createWritePace } from './write-pace.ts';

const { signal } = new AbortController();

/** Asks for so many turns at once; answers when each came. */
function ask(pace: ReturnType<typeof createWritePace>, clock: { mono(): number }, count: number): number[] {
  const at: number[] = [];
  for (let nth = 0; nth < count; nth++) void pace.turn(signal).then(() => at.push(clock.mono()));
  return at;
}

describe('the pace of writes', () => {
  it('lets 60 through at once and the 61st a minute after the first', async () => {
    const clock = createFakeClock();
    const pace = createWritePace(clock);
    const at = ask(pace, clock, 61);
    await clock.advance(0);
    assert.equal(at.length, 60);
    assert.equal(pace.waitMs(), 60_000);
    await clock.advance(59_999);
    assert.equal(at.length, 60);
    await clock.advance(1);
    assert.equal(at.length, 61);
  });

  it('lets never more than 60 through in any minute, and none later than it has to be', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(40_000), fc.integer({ min: 1, max: 50 })), { maxLength: 8 }),
        async (steps) => {
          const clock = createFakeClock();
          const pace = createWritePace(clock);
          const at: number[] = [];
          const asked: number[] = [];
          for (const [pause, count] of steps) {
            await clock.advance(pause);
            for (let nth = 0; nth < count; nth++) {
              asked.push(clock.mono());
              void pace.turn(signal).then(() => at.push(clock.mono()));
            }
            await new Promise(setImmediate);
          }
          for (let left = 0; left < 10 && at.length < asked.length; left++) await clock.advance(60_000);
          assert.equal(at.length, asked.length);
          for (const [nth, time] of at.entries())
            assert.equal(
              time,
              Math.max(asked[nth] ?? 0, nth < 60 ? 0 : (at[nth - 60] ?? 0) + 60_000, at[nth - 1] ?? 0),
            );
        },
      ),
      { numRuns: 40 },
    );
  });

  it('gives the turn of who gives up to the next, in the order in which they came', async () => {
    const clock = createFakeClock();
    const pace = createWritePace(clock);
    ask(pace, clock, 60);
    await clock.advance(0);
    await clock.advance(1_000);
    const order: string[] = [];
    const impatient = new AbortController();
    const turn = (name: string, until = signal) => pace.turn(until).then(() => order.push(name));
    const first = turn('first', impatient.signal);
    const second = turn('second', impatient.signal);
    void turn('third');
    void turn('fourth');
    await new Promise(setImmediate);
    impatient.abort(new Error('no time'));
    await assert.rejects(first, /no time/);
    await assert.rejects(second, /no time/);
    await clock.advance(59_000);
    assert.deepEqual(order, ['third', 'fourth']);
  });

  it('lets nobody past those who wait, also where one between them gave up', async () => {
    let now = 0;
    const { promise: woken, resolve: wake } = Promise.withResolvers<void>();
    const clock = { now: () => now, mono: () => now, sleep: () => woken };
    const pace = createWritePace(clock);
    ask(pace, clock, 60);
    await new Promise(setImmediate);
    const order: string[] = [];
    const impatient = new AbortController();
    void pace.turn(signal).then(() => order.push('first'));
    const second = pace.turn(impatient.signal);
    impatient.abort(new Error('no time'));
    await assert.rejects(second, /no time/);
    now = 60_000;
    void pace.turn(signal).then(() => order.push('third'));
    await new Promise(setImmediate);
    assert.deepEqual(order, []);
    wake();
    await new Promise(setImmediate);
    assert.deepEqual(order, ['first', 'third']);
  });

  it('gives no turn, and takes none, where the time was up before', async () => {
    const clock = createFakeClock();
    const pace = createWritePace(clock);
    await assert.rejects(pace.turn(AbortSignal.abort(new Error('too late'))), /too late/);
    const at = ask(pace, clock, 60);
    await clock.advance(0);
    assert.equal(at.length, 60);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createFakeClock } from '../testing/fake-clock.ts';
import type { TraceContext } from './trace-context.ts';
import { createTraceRate } from './trace-rate.ts';

const from = (sampled: boolean): TraceContext => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled });
const PARENTS = [undefined, from(true), from(false)];

describe('the rate of traces', () => {
  it('admits no more than a second’s worth at once and that many a second after, whoever asks and however often', async () => {
    const steps = fc.array(
      fc.record({ ms: fc.nat(700), asked: fc.nat(50), parent: fc.constantFrom(...PARENTS), must: fc.constant(false) }),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(40), steps, async (perSecond, asked) => {
        const clock = createFakeClock();
        const rate = createTraceRate(perSecond, clock);
        let admitted = 0;
        for (const { ms, asked: times, parent } of asked) {
          await clock.advance(ms);
          for (let i = 0; i < times; i++) {
            const due = rate.due();
            const was = rate.admit(parent, false);
            assert.equal(was, due && parent?.sampled !== false, 'what is due is admitted');
            if (was) admitted++;
            assert.ok(admitted <= perSecond + (clock.mono() / 1_000) * perSecond + 1e-6);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('is used up where enough is asked for', async () => {
    const clock = createFakeClock();
    const rate = createTraceRate(10, clock);
    let admitted = 0;
    for (let tenths = 0; tenths < 100; tenths++) {
      for (let i = 0; i < 30; i++) if (rate.admit(tenths % 2 ? from(true) : undefined, false)) admitted++;
      await clock.advance(100);
    }
    assert.ok(admitted >= 108 && admitted <= 109, `${admitted} in ten seconds`);
  });

  it('is not asked for what must be recorded, which takes nothing from others', () => {
    const rate = createTraceRate(1, createFakeClock());
    for (const parent of PARENTS) for (let i = 0; i < 10; i++) assert.ok(rate.admit(parent, true));
    assert.ok(rate.admit(undefined, false));
    assert.ok(!rate.admit(undefined, false));
    assert.ok(rate.admit(undefined, true));
  });

  it('of 0 admits what must be and nothing else', async () => {
    const clock = createFakeClock();
    const rate = createTraceRate(0, clock);
    await clock.advance(3_600_000);
    assert.ok(!rate.due());
    for (const parent of PARENTS) assert.ok(!rate.admit(parent, false));
    assert.ok(rate.admit(undefined, true));
  });

  it('believes whoever says that their trace is not sampled', () => {
    const rate = createTraceRate(100, createFakeClock());
    assert.ok(!rate.admit(from(false), false));
    assert.ok(rate.admit(from(true), false));
  });
});

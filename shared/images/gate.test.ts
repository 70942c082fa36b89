import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createGate } from './gate.ts';

const never = new AbortController().signal;

describe('a gate', () => {
  it('lets in as many as it has places for, the others in the order in which they came', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.boolean(), { maxLength: 12 }),
        fc.infiniteStream(fc.nat(100)),
        async (places, fails, picks) => {
          const gate = createGate(places);
          const begun: number[] = [];
          const inside: { at: number; end: () => void }[] = [];
          const all = fails.map((fail, at) =>
            gate(async () => {
              begun.push(at);
              await new Promise<void>((end) => inside.push({ at, end }));
              if (fail) throw new Error(`${at}`);
              return at;
            }, never),
          );
          const settled = Promise.allSettled(all);
          for (let ended = 0; ended < fails.length; ended++) {
            await new Promise(setImmediate);
            assert.equal(inside.length, Math.min(places, fails.length - ended));
            const [picked] = inside.splice(picks.next().value % inside.length, 1);
            picked?.end();
          }
          assert.deepEqual(
            (await settled).map(({ status }) => status === 'rejected'),
            fails,
          );
          assert.deepEqual(
            begun,
            fails.map((_, at) => at),
          );
        },
      ),
    );
  });

  it('lets those go who do not want to wait, and keeps the place of work that has begun until it ends', async () => {
    const gate = createGate(1);
    const stop = new AbortController();
    const first = Promise.withResolvers<void>();
    const began: string[] = [];
    const work = (name: string, until?: Promise<void>) => async () => {
      began.push(name);
      await until;
    };
    const running = gate(work('first', first.promise), stop.signal);
    const waiting = gate(work('second'), stop.signal);
    const patient = gate(work('third'), never);
    stop.abort(new Error('enough'));
    await assert.rejects(running, { message: 'enough' });
    await assert.rejects(waiting, { message: 'enough' });
    await assert.rejects(gate(work('fourth'), stop.signal), { message: 'enough' });
    assert.deepEqual(began, ['first']);
    first.resolve();
    await patient;
    assert.deepEqual(began, ['first', 'third']);
  });

  it('passes on a place that was handed over to one who leaves in the same moment', async () => {
    for (let moments = 0; moments < 10; moments++) {
      const gate = createGate(1);
      const stop = new AbortController();
      const first = Promise.withResolvers<void>();
      const running = gate(() => first.promise, never);
      const leaving = gate(async () => 'begun', stop.signal).catch(() => 'left');
      first.resolve();
      for (let moment = 0; moment < moments; moment++) await Promise.resolve();
      stop.abort();
      await Promise.all([running, leaving]);
      const patient = gate(async () => 'patient', AbortSignal.timeout(1_000));
      assert.equal(await patient, 'patient');
    }
  });
});

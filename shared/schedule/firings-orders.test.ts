/** Firings under every order of requests and answers that a scheduler can think of, with processes that stall, fail and die. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AppError, isAppError } from '../errors.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import type { Store, Write } from '../store/store.ts';
import { ABANDONED_MS, createProcess, effect, effects, type Run, scheduledRow } from './rig.ts';

const FIRINGS = ['2026-01-01T00:05:00Z', '2026-01-01T00:10:00Z', '2026-01-01T00:15:00Z'];

/** What a delivery's run does: it ends well, fails in one way or the other, goes on for some seconds, or its process dies at its nth request. */
const fate = fc.oneof(
  fc.constantFrom('ends' as const, 'fails' as const, 'fails for good' as const, 'takes its time' as const),
  fc.nat({ max: 24 }),
);
const delivery = fc.record({ firing: fc.nat({ max: 2 }), fate, after: fc.nat({ max: 30 }) });
/** One clock moves on, the others stand still. */
const leap = fc.record({ clock: fc.nat({ max: 5 }), ms: fc.constantFrom(1_000, 2_500, 6_000, ABANDONED_MS) });

/** What became of each firing, in the order in which the store took it. */
interface Noted {
  id: string;
  state: string;
  token?: number;
}

function noting(store: Store): { store: Store; noted: Noted[] } {
  const noted: Noted[] = [];
  const commit = async (writes: readonly Write[]) => {
    const versions = await store.commit(writes);
    for (const write of writes)
      if (write.collection === 'schedule-firings' && 'value' in write)
        noted.push({ id: write.id, ...(write.value as Omit<Noted, 'id'>) });
    return versions;
  };
  return { store: withShorthands({ ...store, commit }), noted };
}

for (const overlap of ['skip', 'queue'] as const)
  describe(`in any order of requests and answers, where the row says ${overlap}`, () => {
    test('each firing takes effect once or not at all, never two at a time, and all come to their end', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.array(delivery, { minLength: 1, maxLength: 6 }),
          fc.array(leap, { maxLength: 12 }),
          async (s, deliveries, leaps) => {
            const { store, noted } = noting(withShorthands(createMemoryDriver()));
            const row = scheduledRow({ overlap });
            const told = deliveries.map(({ firing, fate: end, after }, index) => {
              const id = FIRINGS[firing] as string;
              let steps = 0;
              const step = async () => {
                if (typeof end === 'number' && steps++ >= end) await new Promise(() => undefined);
                await s.schedule(Promise.resolve(), `delivery ${index}`);
              };
              const slow =
                <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
                async (...args: A): Promise<R> => {
                  await step();
                  const answer = await call(...args).then(
                    (value) => () => value,
                    (error: unknown) => () => {
                      throw error as Error;
                    },
                  );
                  await step();
                  return answer();
                };
              const seen = withShorthands({
                ...store,
                getMany: slow(store.getMany) as Store['getMany'],
                commit: slow(store.commit),
              });
              const run: Run = async ({ signal }) => {
                await step();
                if (end === 'takes its time') await process.clock.sleep(20_000, signal).catch(() => undefined);
                if (end === 'fails') throw new AppError('unavailable', 'x');
                if (end === 'fails for good') throw new AppError('invalid', 'x');
                return [effect(`${firing}.${index}`)];
              };
              const process = createProcess(seen, run, row);
              const tellTwice = async () => {
                for (let wait = 0; wait < after; wait++) await s.schedule(Promise.resolve(), `before ${index}`);
                // Twice, as a repetition would be.
                await process.tell(id).catch(() => process.tell(id));
              };
              tellTwice().catch((error: unknown) => assert.ok(isAppError(error) && error.retryable, String(error)));
              return process;
            });
            for (const { clock, ms } of leaps)
              void s.schedule(Promise.resolve()).then(() => told[clock % told.length]?.clock.advance(ms));
            await s.waitIdle();

            const last = createProcess(store, async ({ id }) => [effect(`${FIRINGS.indexOf(id)}.last`)], row);
            const ends: string[] = [];
            const settling = (async () => {
              for (const id of FIRINGS)
                for (;;) {
                  const end = await last.tell(id).catch((error: unknown) => {
                    assert.ok(isAppError(error) && error.retryable, String(error));
                  });
                  if (end) {
                    ends.push(end);
                    break;
                  }
                  await last.clock.sleep(1_000);
                }
            })();
            for (let turn = 0; turn < 200 && ends.length < FIRINGS.length; turn++) {
              for (const { clock } of [...told, last]) await clock.advance(1_000);
              await s.waitIdle();
            }
            assert.equal(ends.length, FIRINGS.length, 'all have come to their end');
            await settling;

            const took = await effects(store);
            for (const [number, end] of ends.entries())
              assert.equal(took.filter((id) => id.startsWith(`${number}.`)).length, end === 'done' ? 1 : 0, end);
            if (overlap === 'queue') assert.ok(!ends.includes('skipped'));
            for (const [index, { id, state, token }] of noted.entries()) {
              const before = noted.slice(0, index);
              const begun = before.findLast((each) => each.state === 'begun');
              // Whoever ends a run began last of all: none began while it ran.
              if (state === 'done' || state === 'failed') assert.deepEqual([begun?.id, begun?.token], [id, token]);
              if (state === 'skipped') assert.ok(before.some((each) => each.id !== id && each.state === 'begun'));
              assert.ok(!before.some((each) => each.id === id && each.state !== 'begun'), 'nothing follows an end');
            }
          },
        ),
        { numRuns: 60 },
      );
    });
  });

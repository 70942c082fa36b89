/** The inbox under every order of requests and answers that a scheduler can think of. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AppError, isAppError } from '../errors.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createInbox } from './inbox.ts';
import { busy, effect, effects, event, LEASE_MS, process, STALE_MS } from './inbox-rig.ts';

describe('in any order of requests and answers', () => {
  /** What a delivery does: it ends well, fails, or its process dies at its nth step and never answers. */
  const fate = fc.oneof(fc.constant('ends' as const), fc.constant('fails' as const), fc.nat({ max: 6 }));
  const delivery = fc.record({ process: fc.nat({ max: 2 }), fate });
  const leaps = fc.array(fc.record({ process: fc.nat({ max: 2 }), ms: fc.constantFrom(1_000, LEASE_MS, STALE_MS) }), {
    maxLength: 8,
  });

  test('with workers that stall, fail and die, exactly one effect happens, and it does happen', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(delivery, { minLength: 1, maxLength: 6 }),
        leaps,
        async (s, deliveries, jumps) => {
          const store = withShorthands(createMemoryDriver());
          const clocks = [0, 1, 2].map(() => createFakeClock());
          const log = createKeptLog();

          deliveries.forEach(({ process: number, fate: end }, index) => {
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
            const seen: Store = {
              ...store,
              get: slow(store.get) as Store['get'],
              create: slow(store.create),
              replace: slow(store.replace),
              commit: slow(store.commit),
            };
            const inbox = createInbox({ consumer: 'c', store: seen, clock: clocks[number] as (typeof clocks)[0], log });
            const work = async () => {
              await step();
              if (end === 'fails') throw new AppError('unavailable', 'x');
              return [effect(`${index}`)];
            };
            // Twice, as a redelivery after a nack would be.
            void inbox
              .once(event(), LEASE_MS, work)
              .catch(() => inbox.once(event(), LEASE_MS, work))
              .catch((error: unknown) => assert.ok(isAppError(error) && error.retryable, String(error)));
          });
          for (const { process: number, ms } of jumps)
            void s.schedule(Promise.resolve()).then(() => clocks[number]?.advance(ms));
          await s.waitIdle();

          const last = process(store);
          const settle = () =>
            last
              .once(event(), LEASE_MS, async () => [effect('last')])
              .catch((error: unknown) => assert.ok(busy(error)));
          await settle();
          await last.clock.advance(STALE_MS);
          await settle();
          assert.equal((await effects(store)).length, 1);
          assert.equal(await last.once(event(), LEASE_MS, async () => assert.fail('worked')), false);
        },
      ),
      { numRuns: 100 },
    );
  });
});

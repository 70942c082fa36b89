/** Random lives of three processes over one store: whatever is lost, paused, deleted or broken, the promises hold. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../errors.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import type { Held, Lease } from './lease.ts';
import { aProcess, settle, watch } from './lease-rig.ts';

const who = fc.nat({ max: 2 });
const mishap = fc.constantFrom('none' as const, 'request lost' as const, 'answer lost' as const, 'no answer' as const);

/** Time passes for all alike, but for a process that is paused: its timers are late, its clock is not. */
const moves = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: fc.constant('try' as const), who }) },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('wait' as const), who, ms: fc.constantFrom(1, 5_000, 60_000) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('release' as const), who, to: fc.option(who, { nil: undefined }) }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('break' as const), who }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('resume' as const), who }) },
    {
      weight: 5,
      arbitrary: fc.record({ type: fc.constant('time' as const), ms: fc.constantFrom(10, 3_000, 5_500, 16_000) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('pause' as const), who, ms: fc.constantFrom(3_000, 20_000) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant('disturb' as const),
        call: fc.constantFrom('commit' as const, 'getMany' as const),
        mishap,
      }),
    },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('write' as const), who }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('delete' as const),
        collection: fc.constantFrom('leases', 'lease-terms'),
      }),
    },
  ),
  { maxLength: 40 },
);

it('no two lead at once, the tokens of accepted writes never fall, and nothing is left running', {
  timeout: 110_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(moves, async (steps) => {
      const driver = createMemoryDriver();
      const [store, operator] = [watch(driver), withShorthands(driver)];
      const processes = [0, 1, 2].map(() => aProcess(store));
      const contenders: Lease[] = processes.map(({ leases }) => leases.lease('cron'));
      const terms: Held[] = [];
      const accepted: number[] = [];
      let exclusive = true;
      const keep = (promise: Promise<Held | undefined>) => {
        promise.then(
          (held) => held && !terms.includes(held) && terms.push(held),
          (error: unknown) => assert.ok(isAppError(error), String(error)),
        );
      };
      const check = () => {
        const leading = terms.filter((held) => held.remaining() > 0);
        assert.ok(leading.length <= 1, `${leading.length} lead`);
      };
      /** For all alike; the one that is paused learns of it by its clock alone. */
      const elapse = async (ms: number, paused?: (typeof processes)[number]) => {
        for (let left = ms; left > 0; left -= 500) {
          const slice = Math.min(left, 500);
          paused?.pause(slice);
          const awake = processes.filter((process) => process !== paused);
          await Promise.all(awake.map(({ advance }) => advance(slice)));
          if (exclusive) check();
        }
      };
      const counted = (held: Held) => {
        try {
          held.assert();
          return true;
        } catch {
          return false;
        }
      };
      for (const step of steps) {
        if (step.type === 'time') await elapse(step.ms);
        else if (step.type === 'disturb') store.disturb(step.call, step.mishap);
        else if (step.type === 'delete') {
          const doc = await operator.get(step.collection, 'cron');
          // A record may go at any time; without its term too, the lease is as if nobody had ever held it.
          if (doc) await operator.delete(step.collection, 'cron', doc.version);
          exclusive &&= step.collection !== 'lease-terms';
        } else {
          const [lease, process] = [contenders[step.who], processes[step.who]];
          if (!lease || !process) continue;
          if (step.type === 'try') keep(lease.tryAcquire());
          else if (step.type === 'wait') keep(lease.acquire({ wait: step.ms }));
          else if (step.type === 'resume') keep(lease.resume());
          else if (step.type === 'break') {
            exclusive = false;
            const broken = process.leases
              .break('cron', 'random', 'test')
              .catch((error: unknown) => assert.ok(isAppError(error)));
            await Promise.race([broken, settle()]);
          } else if (step.type === 'pause') await elapse(step.ms, process);
          else {
            const held = terms[(step.who * 7) % Math.max(1, terms.length)];
            if (step.type === 'release') {
              const to = step.to === undefined ? undefined : contenders[step.to]?.identity;
              void held?.release(to === undefined ? {} : { to });
            } else if (held) {
              const at = {
                op: 'create' as const,
                collection: 'effects',
                id: `${accepted.length}-${terms.length}`,
                value: {},
              };
              await Promise.race([
                held.fenced([at]).then(
                  () => accepted.push(held.token),
                  (error: unknown) => assert.ok(isAppError(error), String(error)),
                ),
                settle(),
              ]);
            }
          }
          await settle();
        }
        if (exclusive) assert.ok(terms.filter(counted).length <= 1, 'several may act');
      }
      assert.deepEqual(
        accepted,
        accepted.toSorted((a, b) => a - b),
      );
      const closed = processes.map(({ leases }) => leases.close(10_000));
      for (const { advance } of processes) await advance(10_000);
      await Promise.all(closed);
      assert.deepEqual(
        processes.map(({ sleepers }) => sleepers),
        [0, 0, 0],
      );
      assert.equal(
        terms.every((held) => held.signal.aborted && held.remaining() === 0),
        true,
      );
    }),
    { numRuns: 400 },
  );
});

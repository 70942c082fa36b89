import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Event } from '#shared/events/event.ts';
import { type Hit, type HitLabel, LABELS } from '#shared/links/records.ts';
import { BREAKDOWNS, type Breakdown, type Count, readStatistics } from '#shared/links/statistics.ts';
import { event, hit, instance, RANGE, total, watched } from './testing.ts';

describe('whatever is delivered, however often, wherever and whatever fails on the way', () => {
  interface Made {
    hit: Hit;
    time: string;
  }
  const made: fc.Arbitrary<Made> = fc.record({
    hit: fc
      .record({
        linkId: fc.constantFrom('l1', 'l2'),
        label: fc.constantFrom<HitLabel>('human', 'human', ...LABELS),
        visitor: fc.constantFrom('v1', 'v2', 'v3'),
        referrer: fc.constantFrom('a.example', 'b.example', '__proto__'),
        country: fc.constantFrom('SG', 'DE'),
        target: fc.constantFrom('https://x.example/', 'https://y.example/'),
      })
      .map(hit),
    time: fc.constantFrom('2026-01-01T23:59:59.999Z', '2026-01-02T00:00:00.000Z', '2026-01-02T13:00:00.000Z'),
  });
  /** Waves of deliveries: in each, events by number to processes by number, all at once. */
  const waves = fc.array(
    fc.record({
      faults: fc.array(fc.constantFrom('before' as const, 'after' as const), { maxLength: 2 }),
      deliveries: fc.array(fc.record({ event: fc.nat({ max: 11 }), process: fc.nat({ max: 2 }) }), {
        minLength: 1,
        maxLength: 12,
      }),
    }),
    { minLength: 1, maxLength: 5 },
  );

  const modelled: Record<Exclude<Breakdown, 'device' | 'browser'>, (made: Made) => string> = {
    day: ({ time }) => time.slice(0, 10),
    hour: ({ time }) => `${time.slice(0, 13)}:00:00Z`,
    label: ({ hit: { label } }) => label,
    country: ({ hit: { country } }) => country ?? '',
    referrer: ({ hit: { referrer } }) => referrer ?? '',
    target: ({ hit: { target } }) => target,
  };

  test('the counters are those of the events', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(made, { minLength: 12, maxLength: 12 }), waves, async (mades, rounds) => {
        const { store, faults } = watched();
        const processes = [0, 0, 5].map((shard) => instance(store, { shard }));
        const events = mades.map((one, index) => event(`${index}`, one.hit, one.time));
        const delivered = new Set<number>();
        const deliver = async (number: number, to: number) => {
          delivered.add(number);
          await processes[to]?.handle(events[number] as Event);
        };
        for (const round of rounds) {
          faults.push(...round.faults);
          await Promise.allSettled(round.deliveries.map((one) => deliver(one.event, one.process)));
          faults.length = 0;
        }
        // What failed comes again, as a queue would have it.
        await Promise.all([...delivered].map((number) => deliver(number, number % 3)));

        for (const linkId of ['l1', 'l2']) {
          const counted = mades.filter((one, index) => delivered.has(index) && one.hit.linkId === linkId);
          const people = counted.filter((one) => one.hit.label === 'human');
          const unique = new Set(people.map((one) => `${one.time.slice(0, 10)} ${one.hit.visitor}`)).size;
          const expected: Count = { all: counted.length, human: people.length, unique };
          assert.deepEqual(await total(store, linkId), expected);
          for (const by of BREAKDOWNS) {
            const { items } = await readStatistics(store, linkId, RANGE, by);
            const sum = (name: keyof Count) => items.reduce((all, item) => all + item[name], 0);
            assert.deepEqual({ all: sum('all'), human: sum('human'), unique: sum('unique') }, expected, by);
            if (by === 'device' || by === 'browser') continue;
            for (const item of items) {
              const mine: Made[] = counted.filter((one) => modelled[by](one) === item.key);
              assert.deepEqual(
                [item.all, item.human],
                [mine.length, mine.filter((one) => one.hit.label === 'human').length],
                `${by} ${item.key}`,
              );
            }
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

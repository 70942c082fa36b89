/** How long finding stops among 5,200 takes, in this process. */
import { findStops } from '#functions/bus/stops/find-stops.ts';
import type { Network } from '#shared/bus/lists.ts';
import { type Figure, median } from './part.ts';

const ROUNDS = 400;
/** As people write: abbreviated and in full, with a slip, a code, and words that nothing has. */
const QUESTIONS = [
  'serangoon garden',
  "s'goon gdn",
  'bukit timah station',
  'jurong east int',
  'tampnes park',
  'opp blk 1 bedok',
  '8313',
  'yishun',
  'no such place',
];

export async function findingStops(network: Network): Promise<Figure[]> {
  const began = performance.now();
  await findStops(network, { q: 'bedok', limit: 10 });
  const first = performance.now() - began;
  const search = await times((n) => findStops(network, { q: QUESTIONS[n % QUESTIONS.length] ?? '', limit: 10 }));
  const nearest = await times((n) => {
    const near = { lat: 1.27 + ((n * 37) % 180) / 1_000, lon: 103.66 + ((n * 53) % 330) / 1_000 };
    return findStops(network, { near, radius: 1_000, limit: 10 });
  });
  return [
    { what: 'nearest stops among 5,200, median', measured: ms(median(nearest)), budget: '<= 0.2 ms' },
    {
      what: 'search among 5,200 stops, median and slowest',
      measured: `${ms(median(search))}, ${ms(Math.max(...search))}`,
    },
    { what: 'first search, which builds the index', measured: ms(first) },
  ];
}

async function times(ask: (n: number) => ReturnType<typeof findStops>): Promise<number[]> {
  const taken: number[] = [];
  for (let n = 0; n < ROUNDS; n++) {
    const began = performance.now();
    await ask(n);
    taken.push(performance.now() - began);
  }
  return taken;
}

function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}
